// A receiver of OTLP metrics, over gRPC and over HTTP/protobuf, for tests. It decodes every message by OpenTelemetry's own protocol files.
//
//   node receiver.js --protocol-files DIR --messages FILE --grpc PORT --http PORT
//                    [--certificate FILE --key FILE [--client-ca FILE]]
//
// FILE gets a line of JSON for each message taken: how it came, its headers, and the message. On stdout is one line when it listens, and one
// for each request: {"request": N, "protocol": "grpc"|"http", "status": 0, "bytes": 123}. A line of JSON on stdin changes how requests are
// answered from then on, and is answered by a line:
//
//   {"delay": MS}       so late; what waits is not taken when the client has left before
//   {"status": N}       refused, with this status of gRPC or of HTTP; 0 takes messages again
//
// It ends when stdin does.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const readline = require('node:readline');
const { parseArgs } = require('node:util');
const zlib = require('node:zlib');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const MAX_MESSAGE_BYTES = 256 << 20;
const CLIENT_LEFT = -1;

const text = { type: 'string' };
const { values: options } = parseArgs({
  options: { 'protocol-files': text, messages: text, grpc: text, http: text, certificate: text, key: text, 'client-ca': text },
});

const definition = protoLoader.loadSync('opentelemetry/proto/collector/metrics/v1/metrics_service.proto', {
  includeDirs: [path.resolve(options['protocol-files'])],
  longs: String,      // 64 bits do not fit a number
  enums: String,
  bytes: String,
});
const service = definition['opentelemetry.proto.collector.metrics.v1.MetricsService'];
const { requestDeserialize: decode, responseSerialize: encode } = service.Export;

const messages = fs.openSync(options.messages, 'a');
let answer = { delay: 0, status: 0 };
let requests = 0;

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

// Calls done with the status: at once, or after the delay, or not at all when the client has gone away in the meantime.
function answerLater(protocol, bytes, hasLeft, done) {
  const request = ++requests;
  const { delay, status } = answer;
  const finish = () => {
    const outcome = hasLeft() ? CLIENT_LEFT : status;
    if (outcome !== CLIENT_LEFT) {
      done(status);
    }
    say({ request, protocol, status: outcome, bytes });
  };
  if (delay > 0) {
    setTimeout(finish, delay);
  } else {
    finish();
  }
}

function keep(protocol, headers, message) {
  fs.writeSync(messages, JSON.stringify({ protocol, headers, message }) + '\n');
}

function exportByGrpc(call, callback) {
  answerLater('grpc', call.request.byteLength, () => call.cancelled, (status) => {
    if (status !== 0) {
      callback({ code: status, details: 'told to refuse' });
      return;
    }
    keep('grpc', Object.fromEntries(Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)])), decode(call.request));
    callback(null, {});
  });
}

function exportByHttp(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    answerLater('http', body.length, () => response.destroyed, (status) => {
      if (status !== 0) {
        response.writeHead(status, { 'content-type': 'text/plain' }).end('told to refuse');
      } else if (request.method !== 'POST' || request.url !== '/v1/metrics' || request.headers['content-type'] !== 'application/x-protobuf') {
        response.writeHead(404, { 'content-type': 'text/plain' }).end(`${request.method} ${request.url} is not served`);
      } else {
        keep('http', request.headers, decode(request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body) : body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(encode({}));
      }
    });
  });
}

const tls = options.certificate && { cert: fs.readFileSync(options.certificate), key: fs.readFileSync(options.key) };
const clientCa = options['client-ca'] && fs.readFileSync(options['client-ca']);

const grpcServer = new grpc.Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
// Requests come as bytes here, so that their length is known too.
grpcServer.addService({ Export: { ...service.Export, requestDeserialize: (bytes) => bytes } }, { Export: exportByGrpc });
const credentials = tls
  ? grpc.ServerCredentials.createSsl(clientCa ?? null, [{ cert_chain: tls.cert, private_key: tls.key }], Boolean(clientCa))
  : grpc.ServerCredentials.createInsecure();

const httpServer = tls
  ? https.createServer({ ...tls, ca: clientCa, requestCert: Boolean(clientCa), rejectUnauthorized: Boolean(clientCa) }, exportByHttp)
  : http.createServer(exportByHttp);

grpcServer.bindAsync(`127.0.0.1:${options.grpc}`, credentials, (error) => {
  if (error) {
    throw error;
  }
  httpServer.listen(Number(options.http), '127.0.0.1', () => say({ listening: true }));
});

readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    answer = { ...answer, ...JSON.parse(line) };
    say({ answer });
  })
  .on('close', () => process.exit(0));
