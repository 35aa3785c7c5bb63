// A small picture of the last minutes: one column per point, the newest at the right edge.
import { drawing, element, say, set } from './dom.js';

// Its own units: a column is one wide. How wide that is on the screen is left to the style.
export const COLUMNS = 180;
const HEIGHT = 100;

// A round number that is not below any value, so that the scale does not change with each of them.
function roundUp(value) {
  if (!(value > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * magnitude).find((step) => step >= value * 0.999);
}

// What is known stays level for its point; between unknown ones there is a gap.
function line(values, y) {
  let path = '';
  values.forEach((value, i) => {
    if (value === null) return;
    const x = COLUMNS - values.length + i;
    const joins = i > 0 && values[i - 1] !== null;
    path += `${joins ? 'V' : `M${x} `}${y(value)}H${x + 1}`;
  });
  return path;
}

function area(lower, upper, y) {
  let path = '';
  upper.forEach((value, i) => {
    if (value === null || value === lower[i]) return;
    path += `M${COLUMNS - upper.length + i} ${y(lower[i] ?? 0)}V${y(value)}h1V${y(lower[i] ?? 0)}z`;
  });
  return path;
}

// `layers` are drawn over each other: { name, kind: 'line' | 'area', values(points), from?(points) }.
// `tell` says in words what a point has, and `scale` how the top of the picture is called.
export class Picture {
  #points = [];
  // Points back from the newest one; null while nobody looks at one.
  #back = null;

  constructor({ title, layers, tell, scale, top, stack }) {
    Object.assign(this, { tell, scale, top, layers });
    this.paths = layers.map(({ name, kind }) => drawing('path', { class: `${kind} ${name}` }));
    this.cursor = drawing('path', { class: 'cursor' });
    const svg = drawing(
      'svg',
      { viewBox: `0 0 ${COLUMNS} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      ...this.paths, this.cursor,
    );
    this.label = element('span', { class: 'scale', 'aria-hidden': 'true' });
    this.node = element('div', {
      class: stack ? 'picture stack' : 'picture', role: 'slider', tabindex: '0', 'aria-label': title, 'aria-describedby': 'figures-help',
      'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0',
    }, svg, this.label);
    this.node.addEventListener('keydown', (event) => this.#key(event));
    this.node.addEventListener('pointermove', (event) => this.#point(event));
    this.node.addEventListener('pointerleave', () => this.#look(null));
    this.node.addEventListener('blur', () => this.#look(null));
  }

  // `moved` is how many points have come since the last time.
  show(points, moved) {
    this.#points = points;
    const most = this.top ?? roundUp(Math.max(0, ...this.layers.flatMap(({ values }) => values(points))));
    // Room for half a line above the top.
    const y = (value) => Math.round((1 - value / most) * (HEIGHT - 3) * 100) / 100 + 3;
    this.layers.forEach(({ kind, values, from }, i) => {
      const path = kind === 'line'
        ? line(values(points), y)
        : area(from ? from(points) : points.map(() => 0), values(points), y);
      set(this.paths[i], 'd', path);
    });
    say(this.label, this.scale(most));
    if (this.#back !== null) this.#look(Math.min(this.#back + moved, points.length - 1));
    else this.#describe();
  }

  // Called with the point that somebody looks at, and null when nobody does any more.
  onlook = () => {};

  // While it has the focus a screen reader would read every change.
  #describe() {
    if (document.activeElement === this.node || !this.#points.length) return;
    set(this.node, 'aria-valuemax', this.#points.length - 1);
    set(this.node, 'aria-valuenow', this.#points.length - 1);
    set(this.node, 'aria-valuetext', this.tell(this.#points.at(-1)));
  }

  #look(back) {
    this.#back = back;
    const at = back === null ? null : this.#points.at(-1 - back) ?? null;
    set(this.cursor, 'd', at ? `M${COLUMNS - back - 0.5} 0V${HEIGHT}` : '');
    this.onlook(at);
    if (!at) return this.#describe();
    set(this.node, 'aria-valuemax', this.#points.length - 1);
    set(this.node, 'aria-valuenow', this.#points.length - 1 - back);
    set(this.node, 'aria-valuetext', this.tell(at));
  }

  #key(event) {
    const last = this.#points.length - 1;
    const back = this.#back ?? 0;
    const to = {
      ArrowLeft: back + 1, ArrowDown: back + 1, ArrowRight: back - 1, ArrowUp: back - 1,
      PageDown: back + 12, PageUp: back - 12, Home: last, End: 0, Escape: null,
    }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.#look(to === null ? null : Math.max(0, Math.min(to, last)));
  }

  #point(event) {
    const { left, width } = this.node.getBoundingClientRect();
    const back = Math.floor((1 - (event.clientX - left) / width) * COLUMNS);
    this.#look(back >= 0 && back < this.#points.length ? back : null);
  }
}
