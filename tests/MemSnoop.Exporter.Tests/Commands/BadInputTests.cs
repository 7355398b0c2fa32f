namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>Everything a user can get wrong, and the one line that tells so.</summary>
public class BadInputTests
{
    private const string Regex = "a regular expression without look-around and back-references";
    private const string Interval = "a duration from 0s to 1d, such as 500ms, 15s or 1h30m";
    private const string Window = "a number of seconds such as 0.5, or a duration such as 2m, more than 0 and at most 1d";
    private const string Listen = "HOST:PORT such as 0.0.0.0:9464, :9464 or [::1]:9464, with a port from 0 to 65535, or unix:///PATH";
    private const string Ages = "ages that increase from 0, such as 0,30s,1m,10m,1h";
    private const string Period = "a duration from 1ms to 1d, such as 500ms, 15s or 1h30m";
    private const string Pausable = "a process that may be stopped, or no --pause";

    private const string Measurements =
        "measurements (timestamp, uptime, stat, statm, process-io, scheduling, open-files, smaps, oom, info, counters, disk-io, working-set) separated by commas,"
        + " each once or as NAME=MEASUREMENT with another name";

    private const string Label = @"NAME=REGEX with a group, such as app=--app[= ](\S+)";

    private const string Pid = "a number from 1 to 4194304";
    private const string Push = "a duration from 100ms to 1d, such as 500ms, 15s or 1h30m";
    private const string Header = "NAME=VALUE in printable ASCII, for a header that memsnoop does not set itself";
    private const string Url = "an http:// or https:// URL without user, query and fragment, such as http://localhost:4318";

    private const string ApiServer = "auto, or an https:// URL without user, path, query and fragment, such as https://10.96.0.1:443";
    private const string Socket = "unix:// and the absolute path of a socket, such as unix:///run/containerd/containerd.sock";
    private const string Selector = "a label selector of Kubernetes, such as app=web,tier!=cache or 'track in (stable,canary),!debug'";

    public static TheoryData<string[], string> Arguments => new()
    {
        // Words that are not ours.
        { ["--intervall", "5s"], "--intervall: unknown option; expected --interval" },
        { ["-pid", "1"], "-pid: unknown option; expected --pid" },
        { ["--INTERVAL", "1s"], "--INTERVAL: unknown option; expected --interval" },
        { ["--xyzzy-quux"], "--xyzzy-quux: unknown option; expected an option that memsnoop serve --help shows" },
        { ["--collector.smap"], "--collector.smap: unknown option; expected --collector.smaps" },
        { ["wss", "--methd", "auto", "1", "1"], "--methd: unknown option; expected --method" },
        { ["wss", "--foo", "1", "1"], "--foo: unknown option; expected an option that memsnoop wss --help shows" },
        { ["check", "--jso"], "--jso: unknown option; expected --json" },
        { ["--name\nx"], "--name x: unknown option; expected --name" },
        { ["chek", "--json"], "chek: unknown command; expected check" },
        { ["observe-all"], "observe-all: unknown command; expected a command (serve, trace, report, wss, top, containers, check, events, thp, completion, help, version) or an option" },
        { [""], "'': unknown command; expected a command (serve, trace, report, wss, top, containers, check, events, thp, completion, help, version) or an option" },
        { ["@file"], "@file: unknown command; expected a command (serve, trace, report, wss, top, containers, check, events, thp, completion, help, version) or an option" },
        { ["/bin/ls", "-la", "a b"], "/bin/ls: is a program and no command; expected memsnoop serve -- /bin/ls -la 'a b'" },
        { ["help", "wsss"], "wsss: unknown command; expected wss" },
        { ["help", "wss", "10"], "10: unexpected argument; expected memsnoop help COMMAND" },
        { ["version", "2"], "2: unexpected argument; expected memsnoop version" },
        { ["serve", "1234"], "1234: unexpected argument; expected options; a program to run follows --" },
        { ["--all", "true"], "true: unexpected argument; expected options; a program to run follows --" },
        { ["--pid", "1", "wss"], "wss: unexpected argument; expected the command first: memsnoop wss ..." },
        { ["wss", "1", "2", "3"], "3: unexpected argument; expected memsnoop wss (PID[,PID...] | --name REGEX | --all) [SECONDS] [OPTIONS]" },
        { ["containers", "1", "2"], "2: unexpected argument; expected memsnoop containers [SECONDS] [OPTIONS]" },
        { ["check", "now"], "now: unexpected argument; expected memsnoop check [OPTIONS]" },

        // Pushing: values, and settings that contradict each other.
        { ["--otlp", "ftp://x"], $"--otlp: 'ftp://x' is not an HTTP URL; expected {Url}" },
        { ["--otlp", "collector"], $"--otlp: 'collector' is not a URL; expected {Url}" },
        { ["--otlp", "http://"], $"--otlp: 'http://' is not a URL; expected {Url}" },
        { ["--otlp", "http://x/?a=b"], $"--otlp: 'http://x/?a=b' is not a URL; expected {Url}" },
        { ["--otlp", "http://x", "--otlp.protocol", "http/json"], "--otlp.protocol: 'http/json' is not a protocol; expected http/protobuf or grpc" },
        { ["--otlp", "http://x", "--otlp.header", "Content-Type=secret"], $"--otlp.header: is not a header; expected {Header}" },
        { ["--otlp", "http://x", "--otlp.header", "a=secret", "--otlp.header", "A=b"], "--otlp.header: names a header twice; expected each header once" },
        { ["--otlp", "http://x", "--otlp.interval", "0s"], $"--otlp.interval: 0s is too short; expected {Push}" },
        {
            ["--otlp", "http://x/v1/metrics", "--otlp.protocol", "grpc"],
            "--otlp: 'http://x/v1/metrics' has a path; expected only scheme, host and port for the protocol grpc, such as http://localhost:4317"
        },
        { ["--otlp", "http://x", "--otlp.certificate", "/proc/stat"], "--otlp.certificate: has no effect with 'http://x'; expected an https:// URL as --otlp" },
        {
            ["--otlp", "https://x", "--otlp.client-key", "/proc/stat"],
            "--otlp.client-key: is given without a certificate; expected --otlp.client-certificate too"
        },
        { ["--otlp", "https://x", "--otlp.certificate", "/proc"], "--otlp.certificate: '/proc' is a directory; expected a file in PEM format that can be read" },
        {
            ["--otlp", "https://x", "--otlp.certificate", "/proc/stat"],
            "--otlp.certificate: '/proc/stat' contains no certificate; expected a file with certificates in PEM format"
        },

        // Values that are missing, or too many.
        { ["--pid"], $"--pid: no value follows; expected {Pid}" },
        { ["--pid", "1", "--pid"], $"--pid: no value follows; expected {Pid}" },
        { ["--pid", "--all"], $"--pid: no value follows; expected {Pid}" },
        { ["--name", "--foo"], $"--name: no value follows; expected {Regex}" },
        { ["--name="], $"--name: no value follows; expected {Regex}" },
        { ["--interval", ""], $"--interval: no value follows; expected {Interval}" },
        { ["--config"], "--config: no value follows; expected the path of a JSON file" },
        { ["--all=false"], "--all: takes no value; expected --all alone" },
        { ["check", "--json=1"], "--json: takes no value; expected --json alone" },
        { ["--interval", "5s", "--interval", "6s"], "--interval: is given more than once; expected one value" },
        { ["--config", "a", "--config", "b"], "--config: is given more than once; expected one file" },
        { ["--collector.smaps", "--no-collector.smaps"], "--no-collector.smaps: contradicts --collector.smaps; expected one of them" },
        { ["--"], "--: no program follows; expected a program and its arguments, as in memsnoop -- ./my-program --its-option" },
        { ["wss", "1", "1", "--", "true"], "--: wss runs no program; expected memsnoop wss (PID[,PID...] | --name REGEX | --all) [SECONDS] [OPTIONS]" },
        { ["wss"], "PID: is missing; expected a process id, as in memsnoop wss 1234 10" },
        { ["wss", "1", "--run-dir", "/no/exporter"], "SECONDS: is missing, and no exporter runs here that has a last window; expected the length of the window, as in memsnoop wss 1234 10" },

        // Values that are wrong.
        { ["--pid", "x"], $"--pid: 'x' is not a process id; expected {Pid}" },
        { ["--pid", "0"], $"--pid: '0' is not a process id; expected {Pid}" },
        { ["--pid", "-5"], $"--pid: '-5' is not a process id; expected {Pid}" },
        { ["--pid", "1,2,x"], $"--pid: 'x' is not a process id; expected {Pid}" },
        { ["--pid", "4194305"], $"--pid: '4194305' is not a process id; expected {Pid}" },
        { ["--name", "("], $"--name: '(' is not a regular expression (InsufficientClosingParentheses at character 1); expected {Regex}" },
        { ["--command-line", "(?=a)"], $"--command-line: '(?=a)' needs backtracking; expected {Regex}" },
        { ["--pod-label", "app=web,"], $"--pod-label: 'app=web,' is not a label selector (the name of a label is missing at character 9); expected {Selector}" },
        { ["--pod-label", "app in web"], $"--pod-label: 'app in web' is not a label selector (( is missing at character 8); expected {Selector}" },
        { ["--pod-label", "app=web"], "--pod-label: no source tells the labels of pods; expected --cri, --kubelet or --kubernetes-api too" },
        { ["--cri", "/run/containerd/containerd.sock"], $"--cri: '/run/containerd/containerd.sock' is not a socket; expected {Socket}" },
        { ["--cri", "unix://run/containerd.sock"], $"--cri: 'unix://run/containerd.sock' is not a socket; expected {Socket}" },
        { ["--cri", "unix:///" + new string('x', 107)], $"--cri: 'unix:///{new string('x', 72)}...' is not a socket; expected {Socket}" },
        { ["--kubernetes-api", "kubernetes"], $"--kubernetes-api: 'kubernetes' is not an API server; expected {ApiServer}" },
        { ["--kubernetes-api", "http://10.96.0.1"], $"--kubernetes-api: 'http://10.96.0.1' is not an API server; expected {ApiServer}" },
        {
            ["--kubernetes-api", "auto", "--node-name", "node-1"],
            "--kubernetes-api: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name an API server; expected a URL, or auto in a container of Kubernetes"
        },
        {
            ["--kubernetes-api", "https://10.96.0.1"],
            "--kubernetes-api: it is not known which node this is; expected --node-name too, or the variable NODE_NAME"
        },
        { ["--node-name", "Node 1"], "--node-name: 'Node 1' is not the name of a node; expected the name of a node, as kubectl get nodes shows it" },
        { ["--user", "no-such-user-here"], "--user: 'no-such-user-here' is not a user known here; expected the name of a user or a user id" },
        { ["--min-resident", "10M"], "--min-resident: '10M' is not a size; expected a number of bytes, or a size such as 10MiB or 1.5GB" },
        { ["--max-processes", "0"], "--max-processes: '0' is not a number of processes; expected a number from 1 to 4194304" },
        {
            ["--group-by", "{{.Nmae}}"],
            "--group-by: '{{.Nmae}}' is not a field; expected name, user, unit, or a template with {{.Comm}}, {{.ExeBase}}, {{.ExeFull}}, {{.Username}}, {{.Unit}}, {{.Cgroups}}, {{.PID}}"
                + " and {{.Matches.NAME}}"
        },
        { ["--group-match", "("], $"--group-match: '(' is not a regular expression (InsufficientClosingParentheses at character 1); expected {Regex}" },
        { ["--group-config", "/no/such.yml"], "--group-config: '/no/such.yml' does not exist; expected a YAML file that can be read" },
        { ["--group-config", "/proc/stat", "--group-by", "name"], "--group-config: contradicts --group-by; expected one of them" },
        { ["--per-process", "some"], "--per-process: 'some' is not a choice of processes; expected off, all, or top=N for the N largest processes" },
        { ["--per-process", "top=0"], "--per-process: 'top=0' is not a choice of processes; expected off, all, or top=N for the N largest processes" },
        { ["--per-process", "top=-1"], "--per-process: 'top=-1' is not a choice of processes; expected off, all, or top=N for the N largest processes" },
        { ["--max-series", "-1"], "--max-series: '-1' is not a number of series; expected a number from 0 to 100000000" },
        { ["--info-label", "app"], $"--info-label: 'app' is not a label; expected {Label}" },
        { ["--info-label", "a-b=(x)"], $"--info-label: 'a-b' is not a name of letters, digits and '_'; expected {Label}" },
        { ["--info-label", "a\n=(x)"], $"--info-label: 'a\\x0a' is not a name of letters, digits and '_'; expected {Label}" },
        { ["--info-label", "user=(x)"], $"--info-label: the label user has a meaning already; expected {Label}" },
        { ["--info-label", "__name__=(x)"], $"--info-label: the label __name__ has a meaning already; expected {Label}" },
        { ["--info-label", "app=x"], $"--info-label: 'x' has no group in parentheses; expected {Label}" },
        { ["--info-label", "app=(?:x)"], $"--info-label: '(?:x)' has no group in parentheses; expected {Label}" },
        { ["--info-label", "app=("], $"--info-label: '(' is not a regular expression (InsufficientClosingParentheses at character 1); expected {Label}" },
        { ["--info-label", "app=(a)\\1"], $"--info-label: '(a)\\1' needs backtracking; expected {Label}" },
        { ["--info-label", "app=(x)", "--info-label", "app=(y)"], "--info-label: names app twice; expected each label once" },
        { ["--interval", "5"], $"--interval: '5' is not a duration; expected {Interval}" },
        { ["--interval", "fast"], $"--interval: 'fast' is not a duration; expected {Interval}" },
        { ["--interval", "2d"], $"--interval: 2d is too long; expected {Interval}" },
        { ["--interval=a\nb"], $"--interval: 'a\\x0ab' is not a duration; expected {Interval}" },
        { ["--interval", new string('9', 200)], $"--interval: '{new string('9', 80)}...' is not a duration; expected {Interval}" },
        { ["--working-set-interval", "99ms"], "--working-set-interval: 99ms is too short; expected a duration from 100ms to 1d, such as 500ms, 15s or 1h30m" },
        { ["--method", "page-idle"], "--method: 'page-idle' is not a method; expected one of auto, page_idle, damon, referenced" },
        { ["--damon-samples", "7"], "--damon-samples: '7' is not a number of pages; expected a number from 128 to 131072" },
        { ["--cpu-budget", "1"], "--cpu-budget: '1' is not a percentage; expected percent of one core, such as 1% or 0.5%" },
        { ["--cpu-budget", "0%"], "--cpu-budget: 0% leaves no time to measure anything; expected percent of one core, such as 1% or 0.5%" },
        { ["--cpu-budget", "-1%"], "--cpu-budget: '-1%' is not a percentage; expected percent of one core, such as 1% or 0.5%" },
        { ["--cpu-budget", "900000%"], $"--cpu-budget: 900000% is more than this machine has, which is {Environment.ProcessorCount * 100}%; expected percent of one core, such as 1% or 0.5%" },
        { ["--idle-ages", "0,5s,5s"], $"--idle-ages: 5s follows 5s; expected {Ages}" },
        { ["--idle-ages", "5s,10s"], $"--idle-ages: starts with 5s; expected {Ages}" },
        { ["--idle-ages", "0,,5s"], "--idle-ages: '' is not a duration; expected a duration from 0s to 30d, such as 500ms, 15s or 1h30m" },
        { ["--listen", "9464"], $"--listen: '9464' is not an address to listen on; expected {Listen}" },
        { ["--web.listen-address", ":70000"], $"--web.listen-address: ':70000' is not an address to listen on; expected {Listen}" },
        { ["--web.telemetry-path", "metrics"], "--web.telemetry-path: 'metrics' is not a path; expected a path that starts with one slash, such as /metrics" },
        { ["--web.max-requests", "many"], "--web.max-requests: 'many' is not a number of requests; expected a number from 0 to 100000" },
        { ["--disk.exclude", "["], $"--disk.exclude: '[' is not a regular expression (UnterminatedBracket at character 1); expected {Regex}" },
        { ["--procfs", "/no/such"], "--procfs: '/no/such' does not exist; expected a directory with a mounted proc file system, such as /proc or /host/proc" },
        { ["--path.sysfs", "/etc/passwd"], "--path.sysfs: '/etc/passwd' is not a directory; expected an existing directory" },
        { ["--log.level", "loud"], "--log.level: 'loud' is not a level; expected one of debug, info, warn, error" },
        { ["--log.format", "xml"], "--log.format: 'xml' is not a format; expected logfmt or json" },
        { ["wss", "x", "1"], $"PID: 'x' is not a process id; expected {Pid}" },
        { ["wss", "1,x", "1"], $"PID: 'x' is not a process id; expected {Pid}" },
        { ["wss", "1", "10", "--interval", "9s"], "--interval: is shorter than the window; expected at least 10s" },
        { ["wss", "1", "10", "--by", "page"], "--by: 'page' is not a part; expected one of area" },
        { ["wss", "--all", "10", "--by", "area"], "--by: is told of one process; expected one PID" },
        { ["wss", "1,2", "10", "--ages", "1s"], "--ages: is told of one process; expected one PID" },
        { ["wss", "1", "--by", "area"], "--by: needs a window of its own, and SECONDS is missing; expected memsnoop wss PID SECONDS --by area" },
        { ["wss", "1", "10", "--by", "area", "--ages", "1s"], "--by: cannot be told together with --ages; expected memsnoop wss PID SECONDS --by area" },
        { ["top", "--url", "ftp://x"], "--url: 'ftp://x' is not the address of a memsnoop; expected http://HOST:PORT, https://HOST:PORT or unix:///PATH, without user and password" },
        { ["top", "--url", "http://me:secret@x"], "--url: a password in it would be seen by everybody, in the list of processes; expected http://HOST:PORT, https://HOST:PORT or unix:///PATH, without user and password" },
        { ["top", "--user", "me"], "--user: is the name for another host, and none is named; expected --url too" },
        { ["top", "--json"], "--json: is written once; expected --once too" },
        { ["top", "--sort", "size"], "--sort: 'size' is not a column; expected one of resident, used, idle, idle_share, growth, name, pid, started" },
        { ["wss", "1", "0"], $"SECONDS: '0' is not the length of a window; expected {Window}" },
        { ["wss", "1", "-1"], $"SECONDS: '-1' is not the length of a window; expected {Window}" },
        { ["wss", "1", "2d"], $"SECONDS: '2d' is not the length of a window; expected {Window}" },
        { ["wss", "1", "10", "--ages", "1s,fast"], "--ages: 'fast' is not a duration; expected durations such as 5s,15s,1m" },
        { ["wss", "1", "10", "--ages", "2s,1s"], "--ages: '2s,1s' does not rise from 100ms or more, or has more than 15 ages; expected ages such as 5s,15s,1m" },
        { ["wss", "1", "10", "--ages", "0,1s"], "--ages: '0,1s' does not rise from 100ms or more, or has more than 15 ages; expected ages such as 5s,15s,1m" },
        { ["wss", "1", "10", "--ages", "2s,9s"], "SECONDS: is too short for memory to be idle for 9s and accessed again; expected at least 12s" },
        { ["wss", "1", "--ages", "2s"], "SECONDS: is missing, and ages are not told without; expected at least 4s" },
        { ["containers", "0"], $"SECONDS: '0' is not the length of a window; expected {Window}" },
        { ["containers", "soon"], $"SECONDS: 'soon' is not the length of a window; expected {Window}" },
        { ["wss", "1", "1e9"], $"SECONDS: '1e9' is not the length of a window; expected {Window}" },

        // Traces.
        { ["trace"], "trace: no process is named; expected --pid PID, or a program to run after --" },
        { ["trace", "--pid", "1", "--", "true"], "--pid: contradicts the program after --; expected one of them" },
        { ["trace", "--pid", "1", "--pid", "2"], "--pid: is given more than once; expected one value" },
        { ["trace", "--pid", "4194304"], "--pid: there is no process 4194304; expected the pid of a running process" },
        { ["trace", "--pid", "2"], "--pid: 2 (kthreadd) is a kernel thread, which has no memory of its own; expected the pid of a process" },
        { ["trace", "--pid", "1", "--every", "0"], $"--every: 0s is too short; expected {Period}" },
        { ["trace", "--pid", "1", "--every"], $"--every: no value follows; expected {Period}" },
        { ["trace", "--pid", "1", "--count", "0"], "--count: '0' is not a number of samples; expected a number from 1 to 2147483647" },
        { ["trace", "--pid", "1", "--measure", "statn"], $"--measure: 'statn' is not a measurement (did you mean stat?); expected {Measurements}" },
        { ["trace", "--pid", "1", "--measure", "a b=statm"], $"--measure: 'a b' is not a name of letters, digits, '_', '-' and '.'; expected {Measurements}" },
        { ["trace", "--pid", "1", "--measure", "statm,statm"], $"--measure: the name statm is used twice; expected {Measurements}" },
        {
            ["trace", "--pid", "1", "--measure", "a=working-set,b=working-set"],
            $"--measure: there can be only one working set, since a second one would end its windows; expected {Measurements}"
        },
        { ["trace", "--pid", "1", "--format", "xml"], "--format: 'xml' is not a format; expected one of table, jsonl, csv" },
        { ["trace", "--pid", "1", "--output", "a.txt"], "--output: 'a.txt' does not tell the format; expected a name that ends in .jsonl or .csv, or --format" },
        {
            ["trace", "--pid", "1", "--output", "/no/such/a.csv"],
            "--output: '/no/such/a.csv' cannot be written; expected a file in a directory that exists and may be written to"
        },
        {
            ["trace", "--pid", "1", "--pages", "x", "--method", "referenced"],
            "--pages: the method referenced cannot see single pages; expected --method page_idle or auto"
        },
        { ["trace", "--pid", "1", "--pause"], $"--pause: the first process (pid 1) must not be paused; expected {Pausable}" },
        { ["thp"], "MODE: is missing; expected one of always, madvise, never" },
        { ["thp", "sometimes"], "MODE: 'sometimes' is not a mode; expected one of always, madvise, never" },

        // Files that cannot be read.
        { ["--config", "/no/such/file.json"], "--config: '/no/such/file.json' does not exist; expected a JSON file that can be read" },
        { ["check", "--config", "/tmp"], "--config: '/tmp' is a directory; expected a JSON file that can be read" },
        { ["--config", "/dev/zero"], "--config: '/dev/zero' is longer than 1 MiB; expected a JSON file" },
    };

    public static TheoryData<string, string> Files => new()
    {
        {
            "",
            ":1: is not JSON (The input does not contain any JSON tokens. Expected the input to start with a valid JSON token, when isFinalBlock is true);"
            + " expected a JSON object"
        },
        { "[]", ":1: is a list; expected an object with the section MemSnoop" },
        { "{\n \"MemSnoop\": {\n  oops\n }\n}", ":3: is not JSON ('o' is an invalid start of a property name. Expected a '\"'); expected a JSON object" },
        { "{ \"MemSnoop\": {} } x", ":1: is not JSON ('x' is invalid after a single JSON value. Expected end of data); expected a JSON object" },
        { "{ \"Memsnop\": {} }", ":1: Memsnop: unknown key; expected MemSnoop" },
        { "{ \"Logging\": {} }", ":1: Logging: unknown key; expected MemSnoop" },
        {
            "{ \"MemSnoop\": [] }",
            ":1: MemSnoop: is a list; expected an object with Processes, Containers, Groups, Series, Readings, WorkingSet, Counters, Disks, Generations, Web, Otlp, Resource, Kernel, Log, Sandbox"
        },
        { "{ \"MemSnoop\": {\n\"Reading\": { \"Interval\": \"5s\" } } }", ":2: MemSnoop:Reading: unknown key; expected MemSnoop:Readings" },
        { "{ \"MemSnoop\": { \"Log\": {\n\"Colour\": 1 } } }", ":2: MemSnoop:Log:Colour: unknown key; expected one of Level, Format" },
        {
            "{ \"MemSnoop\": { \"Readings\": { \"Measurements\": { \"statn\": {} } } } }",
            ":1: MemSnoop:Readings:Measurements:statn: unknown key; expected MemSnoop:Readings:Measurements:stat"
        },
        { "{ \"MemSnoop\": { \"Readings\": { \"Interval\": 5 } } }", $":1: MemSnoop:Readings:Interval: '5' is not a duration; expected {Interval}" },
        { "{ \"MemSnoop\": { \"Readings\": { \"Interval\": {} } } }", $":1: MemSnoop:Readings:Interval: is an object; expected {Interval}" },
        { "{ \"MemSnoop\": { \"Readings\": { \"Interval\": null } } }", $":1: MemSnoop:Readings:Interval: is null; expected {Interval}" },
        {
            "{ \"MemSnoop\": { \"Readings\": { \"Interval\": \"1s\", \"interval\": \"2s\" } } }",
            ":1: MemSnoop:Readings:interval: is given more than once; expected one value"
        },
        { "{ \"MemSnoop\": { \"Processes\": { \"Pids\": 1 } } }", $":1: MemSnoop:Processes:Pids: is a number; expected a list, each item {Pid}" },
        { "{ \"MemSnoop\": { \"Processes\": { \"Pids\": [1,\n[2]] } } }", $":1: MemSnoop:Processes:Pids:1: is a list; expected {Pid}" },
        { "{ \"MemSnoop\": { \"Processes\": { \"Pids\": [1, 2.5] } } }", $":1: MemSnoop:Processes:Pids:1: '2.5' is not a process id; expected {Pid}" },
        { "{ \"MemSnoop\": { \"Processes\": { \"All\": \"yes\" } } }", ":1: MemSnoop:Processes:All: 'yes' is not true or false; expected true or false" },
        { "{ \"MemSnoop\": { \"Web\": { \"Listen\": [] } } }", ":1: MemSnoop:Web:Listen: is empty; expected at least one address such as :9464" },
        { "{ \"MemSnoop\": { \"Kernel\": \"here\" } }", ":1: MemSnoop:Kernel: is text; expected an object with ProcFs, SysFs, RunDir" },
    };

    public static TheoryData<string, string, string> Variables => new()
    {
        { "MemSnoop__Readings__Intervall", "5s", "MemSnoop__Readings__Intervall: unknown variable; expected MemSnoop__Readings__Interval" },
        { "MEMSNOOP__WEBB__LISTEN", ":1", "MEMSNOOP__WEBB__LISTEN: unknown variable; expected MEMSNOOP__Web__LISTEN" },
        { "MemSnoop__Readings__Interval__0", "5s", "MemSnoop__Readings__Interval__0: unknown variable; expected MemSnoop__Readings__Interval" },
        { "MemSnoop__Readings__Interval", "fast", $"MemSnoop__Readings__Interval: 'fast' is not a duration; expected {Interval}" },
        { "MemSnoop__Processes__Pids__0", "x", $"MemSnoop__Processes__Pids__0: 'x' is not a process id; expected {Pid}" },
        {
            "MemSnoop__Readings__Measurements__process_io__Enabled", "maybe",
            "MemSnoop__Readings__Measurements__process_io__Enabled: 'maybe' is not true or false; expected true or false"
        },
        { "OTEL_EXPORTER_PROMETHEUS_PORT", "http", "OTEL_EXPORTER_PROMETHEUS_PORT: 'http' is not a port; expected a number from 0 to 65535" },
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317",
            "OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317' is not an HTTP URL;"
            + " expected an http:// or https:// URL without user, query and fragment, such as http://localhost:4318"
        },
        {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a:b@c/",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: contains a user or password;"
            + " expected an http:// or https:// URL without user and fragment, such as http://localhost:4318/v1/metrics"
        },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is not a protocol; expected http/protobuf or grpc" },
        { "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "udp", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'udp' is not a protocol; expected http/protobuf or grpc" },
        { "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT: '10s' is not a time; expected a number of milliseconds, such as 10000" },
        { "OTEL_METRIC_EXPORT_INTERVAL", "5", $"OTEL_METRIC_EXPORT_INTERVAL: 5ms is too short; expected {Push}" },
        {
            "OTEL_EXPORTER_OTLP_HEADERS", "secret",
            "OTEL_EXPORTER_OTLP_HEADERS: is not a list of pairs; expected KEY=VALUE,KEY=VALUE with % only before two hexadecimal digits"
        },
        { "OTEL_EXPORTER_OTLP_HEADERS", "a b=secret", $"OTEL_EXPORTER_OTLP_HEADERS: is not a header; expected {Header}" },
        { "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=secret%0Ax", $"OTEL_EXPORTER_OTLP_METRICS_HEADERS: is not a header; expected {Header}" },
        {
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sometimes",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'sometimes' is not a temporality; expected one of cumulative, delta, lowmemory"
        },
        { "OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' is not a compression; expected none or gzip" },
        { "OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such", "OTEL_EXPORTER_OTLP_CERTIFICATE: '/no/such' does not exist; expected a file in PEM format that can be read" },
        {
            "OTEL_METRICS_EXPORTER", "console",
            "OTEL_METRICS_EXPORTER: 'console' is not an exporter; expected none, or otlp, prometheus or both, separated by commas"
        },
        { "OTEL_METRICS_EXPORTER", "none,otlp", "OTEL_METRICS_EXPORTER: names none and others; expected none alone, or without it" },
        { "OTEL_SDK_DISABLED", "yes", "OTEL_SDK_DISABLED: 'yes' is not true or false; expected true or false" },
        {
            "OTEL_RESOURCE_ATTRIBUTES", "a=%4",
            "OTEL_RESOURCE_ATTRIBUTES: is not a list of pairs; expected KEY=VALUE,KEY=VALUE with % only before two hexadecimal digits"
        },
        { "OTEL_EXPORTER_PROMETHEUS_HOST", "a b", "OTEL_EXPORTER_PROMETHEUS_HOST: 'a b' is not a host; expected a host name or an IP address" },
    };

    [Theory]
    [MemberData(nameof(Arguments))]
    public async Task A_wrong_argument_is_one_line(string[] arguments, string expected)
    {
        var run = new CommandLineRun();
        Assert.Equal(2, await run.RunAsync(arguments));
        Assert.Equal($"memsnoop: {expected}\n", run.Error.ToString());
        Assert.Empty(run.Output.ToString());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_wrong_file_is_one_line(string json, string expected)
    {
        using var file = new TemporaryFile(json);
        var run = new CommandLineRun();
        Assert.Equal(2, await run.RunAsync("check", "--config", file.Path));
        Assert.Equal($"memsnoop: {file.Path}{expected}\n", run.Error.ToString());
        Assert.Empty(run.Output.ToString());
    }

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task A_wrong_variable_is_one_line(string variable, string text, string expected)
    {
        var run = new CommandLineRun((variable, text));
        Assert.Equal(2, await run.RunAsync("check"));
        Assert.Equal($"memsnoop: {expected}\n", run.Error.ToString());
    }

    [Theory]
    [InlineData("MEMSNOOP__LOG__LEVEL", "info", "MemSnoop__Log__Level", "warn")]
    [InlineData("MemSnoop__Processes__Pids", "1", "MemSnoop__Processes__Pids__0", "1")]
    public async Task A_setting_with_two_variables_is_one_line(string one, string oneText, string other, string otherText)
    {
        var run = new CommandLineRun((other, otherText), (one, oneText));
        Assert.Equal(2, await run.RunAsync("check"));
        Assert.Equal($"memsnoop: {other}: is also set as {one}; expected one of them\n", run.Error.ToString());
    }

    [Fact]
    public async Task A_file_that_is_not_text_is_one_line()
    {
        using var file = new TemporaryFile("");
        byte[] bytes = [.. "{ \"MemSnoop\": { \"Log\": { \"Level\": \""u8, 0xff, 0xfe, .. "\" } } }"u8];
        await File.WriteAllBytesAsync(file.Path, bytes, TestContext.Current.CancellationToken);
        var run = new CommandLineRun();
        Assert.Equal(2, await run.RunAsync("check", "--config", file.Path));
        Assert.Equal($"memsnoop: {file.Path}:1: is not JSON (text is not UTF-8); expected a JSON object\n", run.Error.ToString());
    }
}
