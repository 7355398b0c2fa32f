"use strict";

// Amounts and times as people read them, and elements with text: names of programs and files are never markup.

const byId = id => document.getElementById(id);

function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; number >= 1024 && unit < units.length - 1; unit++) number /= 1024;
  return (unit === 0 || number >= 100 ? Math.round(number) : +number.toPrecision(3)) + " " + units[unit];
}

function seconds(number) {
  if (number >= 5400) return +(number / 3600).toFixed(2) + " h";
  if (number >= 90) return +(number / 60).toFixed(1) + " min";
  return +number.toFixed(number < 1 ? 3 : 2) + " s";
}

const percent = share => (share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0) + " %";

function element(name, text, parent) {
  const made = parent.appendChild(document.createElement(name));
  made.textContent = text;
  return made;
}

/** How long a band of memory has been idle, in words. */
function idleFor(band) {
  if (band.to_seconds === undefined) return `idle for ${seconds(band.from_seconds)} or longer`;
  return band.from_seconds === 0 ? `idle for less than ${seconds(band.to_seconds)}` : `idle for ${seconds(band.from_seconds)} to ${seconds(band.to_seconds)}`;
}

/** The colour of a band of idle memory: there are eight, and the oldest bands share the last. */
const idleStyle = index => "idle-" + Math.min(8, index + 1);

/** A text as a sentence. */
const sentence = text => text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
