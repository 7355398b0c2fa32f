// Draws a terminal as a picture for the documentation: tmux capture-pane -ep | node terminal.js PACKAGES CHROMIUM COLUMNS PICTURE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, executablePath, columns, path] = process.argv.slice(2);
const { chromium } = createRequire(pathToFileURL(`${packages}/node_modules/`))("playwright-core");
const colours = ["#1d1f21", "#cc6666", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c5c8c6", "#7f848e", "#e88388", "#b5e890", "#f0d399", "#8cc8ff", "#dba0f0", "#7fd8e0", "#ffffff"];
const [ground, text] = ["#1d1f21", "#c5c8c6"];

/** One of 256 colours. */
function indexed(index) {
  if (index < 16) return colours[index];
  if (index > 231) return `rgb(${Array(3).fill(8 + (index - 232) * 10)})`;
  const part = step => step === 0 ? 0 : 55 + step * 40;
  return `rgb(${[Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6].map(part)})`;
}

let style = {};

/** Takes one order for colours and weight. */
function obey(order) {
  const codes = order.split(";").map(Number);
  while (codes.length > 0) {
    const code = codes.shift();
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.faint = true;
    else if (code === 22) delete style.bold, delete style.faint;
    else if (code === 4) style.underlined = true;
    else if (code === 24) delete style.underlined;
    else if (code === 7) style.reversed = true;
    else if (code === 27) delete style.reversed;
    else if (code === 38 || code === 48) style[code === 38 ? "text" : "ground"] = codes.shift() === 5 ? indexed(codes.shift()) : `rgb(${codes.splice(0, 3)})`;
    else if (code === 39) delete style.text;
    else if (code === 49) delete style.ground;
    else if (code >= 90) style[code < 100 ? "text" : "ground"] = colours[8 + code % 10];
    else if (code >= 30) style[code < 40 ? "text" : "ground"] = colours[code % 10];
  }
}

const escaped = piece => piece.replace(/[&<]/g, character => ({ "&": "&amp;", "<": "&lt;" })[character]);

function span(piece) {
  const [front, back] = style.reversed ? [style.ground ?? ground, style.text ?? text] : [style.text ?? text, style.ground ?? "transparent"];
  return `<span style="color:${front};background:${back};${style.bold ? "font-weight:700;" : ""}${style.faint ? "opacity:.65;" : ""}${style.underlined ? "text-decoration:underline;" : ""}">${escaped(piece)}</span>`;
}

const input = readFileSync(0, "utf8").replace(/\s+$/, "");
const lines = input.split(/\x1b\[([\d;]*)m/).map((piece, index) => index % 2 === 1 ? (obey(piece), "") : piece && span(piece)).join("");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage({ deviceScaleFactor: 1.5 });
  await page.setContent(`<body style="margin:0;background:${ground}"><pre style="width:${columns}ch;margin:0;padding:14px 18px;font:14px/1.35 'DejaVu Sans Mono',monospace">${lines}</pre>`);
  await page.setViewportSize(await page.$eval("pre", box => ({ width: Math.ceil(box.getBoundingClientRect().width), height: Math.ceil(box.getBoundingClientRect().height) })));
  await page.screenshot({ path });
} finally {
  await browser.close();
}
