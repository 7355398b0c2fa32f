// Lines of the text format.
'use strict';

/** The series of a scrape by their text, "name{labels}", in their order. */
function series(text) {
  const found = new Map();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');   // label values may have spaces, numbers have none
    found.set(line.slice(0, at), line.slice(at + 1));
  }
  return found;
}

/** The same series with further labels. */
function withLabels(text, labels) {
  const more = Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(',');
  if (more === '') return text;
  const brace = text.indexOf('{');
  return brace < 0 ? `${text}{${more}}` : `${text.slice(0, brace + 1)}${more},${text.slice(brace + 1)}`;
}

const nameOf = (text) => text.split('{', 1)[0];

module.exports = { nameOf, series, withLabels };
