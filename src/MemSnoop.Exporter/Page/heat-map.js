"use strict";

// A map of addresses by time: how much of each stretch of memory was active.

// Share 0 is the background; the more is active, the further the colour is from it.
const heatColours = (() => {
  const stops = [[253, 224, 160], [247, 155, 88], [225, 84, 62], [160, 36, 96], [66, 10, 104]];
  const tables = new Map();
  const make = isDark => {
    const order = isDark ? stops.toReversed() : stops;
    const table = new Uint32Array(256);
    for (let level = 0; level < 256; level++) {
      const at = Math.max(0, level - 1) / 254 * (order.length - 1);
      const low = Math.min(Math.floor(at), order.length - 2);
      const [red, green, blue] = order[low].map((from, index) => Math.round(from + (order[low + 1][index] - from) * (at - low)));
      table[level] = level === 0 ? (isDark ? 0xff241c19 : 0xffffffff) : (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
    }
    return table;
  };
  return () => {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    if (!tables.has(isDark)) tables.set(isDark, make(isDark));
    return tables.get(isDark);
  };
})();

async function inflate(text) {
  const packed = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function drawScale() {
  const context = byId("scale").getContext("2d");
  const image = context.createImageData(120, 12);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = heatColours();
  pixels.forEach((_, index) => pixels[index] = colours[Math.round(index % 120 / 119 * 255)]);
  context.putImageData(image, 0, 0);
}

/**
 * The heat map: a canvas that shows a part of the cells, and how to move that part. Heights are counted in rows, but a band of few rows is stretched, so that a
 * stack of two pages can be seen beside a heap of a million.
 */
class HeatMap {
  constructor(heat, cells, pageBytes) {
    this.canvas = document.querySelector("#heat canvas");
    this.replace(heat, cells, pageBytes);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Shows all of another map in place of this one. */
  replace(heat, cells, pageBytes) {
    Object.assign(this, { heat, cells, pageBytes });
    const least = heat.rows * Math.min(0.032, 0.4 / heat.bands.length);
    this.span = 0;
    for (const band of heat.bands) {
      band.at = this.span;
      band.span = Math.max(band.rows, least);
      this.span += band.span;
    }
    this.showAll();
  }

  showAll() {
    this.view = { column: 0, columns: this.heat.columns, at: 0, span: this.span };
  }

  /** Page numbers have up to 52 bits and are exact as numbers; their addresses have up to 64. */
  address(page) {
    return "0x" + (BigInt(page) * BigInt(this.pageBytes)).toString(16);
  }

  /** The row at a height, with its fraction. */
  rowAt(height) {
    const band = this.heat.bands.findLast(each => each.at <= height) ?? this.heat.bands[0];
    return band.row + Math.min(1, (height - band.at) / band.span) * band.rows;
  }

  /** Shows a part, kept within the whole and no smaller than two cells. */
  show(column, columns, at, span) {
    const { heat } = this;
    columns = Math.min(heat.columns, Math.max(Math.min(2, heat.columns), columns));
    span = Math.min(this.span, Math.max(Math.min(2, this.span), span));
    column = Math.min(heat.columns - columns, Math.max(0, column));
    at = Math.min(this.span - span, Math.max(0, at));
    this.view = { column, columns, at, span };
    this.draw();
  }

  zoom(factor, x = 0.5, y = 0.5) {
    const { column, columns, at, span } = this.view;
    this.show(column + columns * x * (1 - factor), columns * factor, at + span * y * (1 - factor), span * factor);
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.margin = this.width < 600 ? { left: 8, right: 90, top: 6, bottom: 26 } : { left: 118, right: 190, top: 6, bottom: 26 };
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.plotWidth = Math.max(10, this.width - this.margin.left - this.margin.right);
    this.plotHeight = this.height - this.margin.top - this.margin.bottom;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    this.drawCells(context, ratio);
    this.drawBands(context);
    this.drawTimes(context);
    context.strokeStyle = colour("edge");
    context.strokeRect(this.margin.left + .5, this.margin.top + .5, this.plotWidth - 1, this.plotHeight - 1);
  }

  drawCells(context, ratio) {
    const { heat, cells, view } = this;
    const colours = heatColours();
    const width = Math.round(this.plotWidth * ratio);
    const height = Math.round(this.plotHeight * ratio);
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    // The rows of each line of pixels; row 0, the lowest address, is at the bottom.
    const firstRows = [];
    const endRows = [];
    for (let y = 0; y < height; y++) {
      firstRows.push(Math.min(heat.rows - 1, Math.floor(this.rowAt(view.at + view.span * (height - 1 - y) / height))));
      endRows.push(Math.min(heat.rows, Math.max(firstRows[y] + 1, Math.floor(this.rowAt(view.at + view.span * (height - y) / height)))));
    }
    for (let x = 0; x < width; x++) {
      const firstColumn = Math.min(heat.columns - 1, Math.floor(view.column + view.columns * x / width));
      const endColumn = Math.min(heat.columns, Math.max(firstColumn + 1, Math.floor(view.column + view.columns * (x + 1) / width)));
      for (let y = 0; y < height; y++) {
        // The most, not the mean: a single page that is active for one sample stays visible from afar.
        let most = 0;
        for (let column = firstColumn; column < endColumn; column++) {
          for (let cell = column * heat.rows + firstRows[y], end = column * heat.rows + endRows[y]; cell < end; cell++) {
            if (cells[cell] > most) most = cells[cell];
          }
        }
        pixels[y * width + x] = colours[most];
      }
    }
    context.putImageData(image, Math.round(this.margin.left * ratio), Math.round(this.margin.top * ratio));
  }

  yOf(height) {
    return this.margin.top + this.plotHeight * (1 - (height - this.view.at) / this.view.span);
  }

  drawBands(context) {
    const { heat, view, margin } = this;
    const right = margin.left + this.plotWidth;
    let lastAddress = Infinity;
    let lastName = Infinity;
    context.textBaseline = "middle";
    for (const band of heat.bands) {
      if (band.at + band.span <= view.at || band.at >= view.at + view.span) continue;
      const bottom = Math.min(this.yOf(band.at), margin.top + this.plotHeight);
      const top = Math.max(this.yOf(band.at + band.span), margin.top);
      context.fillStyle = colour("edge");
      context.fillRect(margin.left, Math.round(top), this.plotWidth + 8, 1);
      context.fillRect(margin.left - 5, Math.round(bottom) - 1, 5, 1);

      context.textAlign = "right";
      context.fillStyle = colour("soft");
      for (let y = bottom; y >= top + (y === bottom ? 0 : 24); y -= 70) {
        const line = Math.min(y, margin.top + this.plotHeight - 6);
        if (line > lastAddress - 14) continue;
        const height = view.at + view.span * (margin.top + this.plotHeight - y) / this.plotHeight;
        const row = Math.max(0, Math.round((height - band.at) / band.span * band.rows));
        const page = band.page + Math.min(band.pages - 1, row * heat.pagesPerRow);
        context.fillText(this.address(page), margin.left - 8, line);
        lastAddress = line;
      }

      const middle = (top + bottom) / 2;
      if (middle <= lastName - 14) {
        context.textAlign = "left";
        context.fillStyle = colour("text");
        const name = (band.name ? band.name.split("/").pop() : "(anonymous)") + "  " + band.permissions;
        context.fillText(name, right + 12, middle, margin.right - 14);
        lastName = middle;
      }
    }
  }

  drawTimes(context) {
    const { heat, view, margin } = this;
    context.textAlign = "center";
    context.fillStyle = colour("soft");
    const lastColumn = Math.min(heat.columns, view.column + view.columns);
    const first = heat.from[Math.floor(view.column)];
    const end = heat.to[Math.min(heat.columns - 1, Math.ceil(lastColumn) - 1)];
    const least = (end - first) * 90 / this.plotWidth;
    const ten = 10 ** Math.floor(Math.log10(least));
    const step = ten * [1, 2, 5, 10].find(factor => factor * ten >= least);
    for (let tick = Math.ceil(first / step - 1e-9); tick * step <= end + step * 1e-9; tick++) {
      // Columns are as wide as samples are many, so a time is looked up: a schedule that skipped some is not even.
      const time = tick * step;
      const index = heat.to.findIndex(each => each >= time - step * 1e-9);
      const share = (time - heat.from[index]) / (heat.to[index] - heat.from[index]);
      const x = margin.left + this.plotWidth * (index + Math.max(0, share) - view.column) / view.columns;
      if (x < margin.left - 1 || x > margin.left + this.plotWidth + 1) continue;
      context.fillRect(Math.round(x), margin.top + this.plotHeight, 1, 5);
      context.fillText(seconds(time), x, margin.top + this.plotHeight + 15);
    }
  }

  /** Where an event is, as shares of the plot, y upwards; null outside. */
  place(event, clamp) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left - this.margin.left) / this.plotWidth;
    const y = 1 - (event.clientY - box.top - this.margin.top) / this.plotHeight;
    if (clamp) return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    return x >= 0 && x < 1 && y > 0 && y <= 1 ? { x, y } : null;
  }

  listen() {
    const selection = byId("selection");
    let start = null;
    this.canvas.addEventListener("pointerdown", event => {
      const place = this.place(event);
      if (!place || event.button !== 0) return;
      start = { ...place, view: this.view, moves: event.shiftKey };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", event => {
      if (!start) {
        this.tell(event);
        return;
      }
      const place = this.place(event, true);
      byId("tip").hidden = true;
      if (start.moves) {
        const { column, columns, at, span } = start.view;
        this.show(column - (place.x - start.x) * columns, columns, at - (place.y - start.y) * span, span);
      } else {
        selection.hidden = false;
        selection.style.left = this.margin.left + Math.min(place.x, start.x) * this.plotWidth + "px";
        selection.style.width = Math.abs(place.x - start.x) * this.plotWidth + "px";
        selection.style.top = this.margin.top + (1 - Math.max(place.y, start.y)) * this.plotHeight + "px";
        selection.style.height = Math.abs(place.y - start.y) * this.plotHeight + "px";
      }
    });
    const end = event => {
      if (start && !start.moves && event.type === "pointerup") {
        const place = this.place(event, true);
        const width = Math.abs(place.x - start.x);
        const height = Math.abs(place.y - start.y);
        // Less than this is a click that trembled.
        if (width * this.plotWidth > 4 && height * this.plotHeight > 4) {
          const { column, columns, at, span } = this.view;
          this.show(column + Math.min(place.x, start.x) * columns, width * columns, at + Math.min(place.y, start.y) * span, height * span);
        }
      }
      selection.hidden = true;
      start = null;
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
    this.canvas.addEventListener("pointerleave", () => byId("tip").hidden = true);
    this.canvas.addEventListener("wheel", event => {
      const place = this.place(event);
      if (!place || !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 0.8 : 1.25, place.x, place.y);
    }, { passive: false });
    const all = () => {
      this.showAll();
      this.draw();
    };
    this.canvas.addEventListener("dblclick", all);
    byId("reset").addEventListener("click", all);
    byId("in").addEventListener("click", () => this.zoom(0.5));
    byId("out").addEventListener("click", () => this.zoom(2));
  }

  tell(event) {
    const { heat, view } = this;
    const tip = byId("tip");
    const place = this.place(event);
    tip.hidden = !place;
    if (!place) return;
    const column = Math.min(heat.columns - 1, Math.floor(view.column + view.columns * place.x));
    const row = Math.min(heat.rows - 1, Math.floor(this.rowAt(view.at + view.span * place.y)));
    const band = heat.bands.findLast(each => each.row <= row);
    const page = band.page + (row - band.row) * heat.pagesPerRow;
    const pages = Math.min(heat.pagesPerRow, band.page + band.pages - page);
    const level = this.cells[column * heat.rows + row];
    tip.replaceChildren();
    element("b", `${band.name || "(anonymous)"}  ${band.permissions}`, tip);
    element("div", `${this.address(page)} – ${this.address(page + pages)} (${bytes(pages * this.pageBytes)})`, tip);
    element("div", `${seconds(heat.from[column])} – ${seconds(heat.to[column])}`, tip);
    element("div", level === 0 ? "idle" : level === 255 ? "all active" : `${percent((level - 1) / 254)} active`, tip);
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    tip.style.left = (x + 16 + tip.offsetWidth > this.width ? x - 16 - tip.offsetWidth : x + 16) + "px";
    tip.style.top = Math.min(y + 16, this.height - tip.offsetHeight) + "px";
  }
}
