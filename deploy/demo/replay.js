// Plays back the recorded scrapes of a memsnoop as if it were running, on a kernel that has what this machine's may lack. recorded/README.md says how the recording was made.
//
// A recording has a line "# seconds" with the times of its scrapes, then the comments of the scrapes as they were, and a line for each series: its text, a tab, and its value in each scrape; "="
// where it was the one before, "-" where there was none.
//
//   node replay.js DIRECTORY     makes a recording of DIRECTORY/scrape-*.txt and DIRECTORY/seconds.txt, on standard output
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { nameOf, series } = require('./exposition');

class Recording {
  constructor(text) {
    this.comments = [];
    this.series = [];
    for (const line of text.trimEnd().split('\n')) {
      if (line.startsWith('# seconds ')) {
        this.seconds = line.slice('# seconds '.length).split(' ').map(Number);
      } else if (line.startsWith('#')) {
        this.comments.push(line);
      } else {
        const [name, values] = line.split('\t');
        let last = '-';
        this.series.push([name, values.split(' ').map((value) => (last = value === '=' ? last : value))]);
      }
    }
    this.started = Date.now() / 1000;
  }

  /** The scrape that is due now. When it is through it begins anew; what it has counted until then stays counted. */
  now() {
    const [first, last] = [this.seconds[0], this.seconds.at(-1)];
    const played = Date.now() / 1000 - this.started;
    const into = played % (last - first);
    return this.scrape(this.seconds.findLastIndex((second) => second - first <= into), Math.floor(played / (last - first)));
  }

  scrape(index, rounds) {
    const seconds = this.seconds[index];
    let text = this.comments.join('\n') + '\n';
    for (const [name, values] of this.series) {
      let value = values[index];
      if (value === '-') continue;
      if (nameOf(name).endsWith('_total')) {
        const known = values.filter((value) => value !== '-');
        value = Number(value) + rounds * (known.at(-1) - known[0]);
      } else if (nameOf(name) === 'process_start_time_seconds') {
        value = Number(value) + this.started - this.seconds[0];
      } else if (nameOf(name) === 'memsnoop_working_set_next_window_seconds') {
        value = Number(value) + Date.now() / 1000 - seconds;
      }
      text += `${name} ${value}\n`;
    }
    return text;
  }

  get scrapes() {
    return this.seconds.map((_, index) => this.scrape(index, 0));
  }
}

function record(directory) {
  const texts = fs.readdirSync(directory).filter((file) => /^scrape-\d+\.txt$/.test(file)).sort().map((file) => fs.readFileSync(path.join(directory, file), 'utf8'));
  const scrapes = texts.map(series);
  const names = new Set(scrapes.flatMap((scrape) => [...scrape.keys()]));
  const lines = [`# seconds ${fs.readFileSync(path.join(directory, 'seconds.txt'), 'utf8').trim().split(/\s+/).join(' ')}`];
  lines.push(...new Set(texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith('#') && line !== '# EOF'))));
  for (const name of names) {
    let last = '-';
    lines.push(`${name}\t${scrapes.map((scrape) => {
      const value = scrape.get(name) ?? '-';
      const same = value === last && value !== '-';
      last = value;
      return same ? '=' : value;
    }).join(' ')}`);
  }
  return lines.join('\n') + '\n';
}

if (require.main === module) process.stdout.write(record(process.argv[2]));
module.exports = { Recording };
