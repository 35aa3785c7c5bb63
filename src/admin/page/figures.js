// The six pictures: what each shows, and what it is called.
import { byId, element, say } from './dom.js';
import { COLUMNS, Picture } from './picture.js';
import { OUTCOMES, count, milliseconds, perSecond, percent, plural, timeOfDay } from './words.js';

const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);
const ratio = ({ snapshots }) => {
  const asked = sum(snapshots);
  return asked ? snapshots.hit / asked : null;
};

// One after the other on top of each other.
const stacked = OUTCOMES.map(({ name }, i) => {
  const upTo = (outcomes, end) => OUTCOMES.slice(0, end).reduce((all, one) => all + outcomes[one.name], 0);
  return {
    name, kind: 'area',
    from: (points) => points.map(({ outcomes }) => upTo(outcomes, i)),
    values: (points) => points.map(({ outcomes }) => upTo(outcomes, i + 1)),
  };
});

const mix = ({ outcomes }) =>
  OUTCOMES.filter(({ name }) => outcomes[name]).map(({ name }) => `${count(outcomes[name])} ${name}`).join(', ');

// A picture of times: half of them are below the one line, nearly all below the other.
const times = (title, key) => ({
  title,
  scale: milliseconds,
  value: (point) => point[key].p50,
  write: milliseconds,
  tell: ({ [key]: { p50, p99 } }) =>
    p50 === null ? 'none' : `half within ${milliseconds(p50)}, 99 % within ${milliseconds(p99)}`,
  detail: ({ [key]: { p99 } }) => (p99 === null ? '' : `median; 99 % within ${milliseconds(p99)}`),
  layers: [
    { name: 'most', kind: 'area', values: (points) => points.map((point) => point[key].p99),
      from: (points) => points.map((point) => point[key].p50) },
    { name: 'half', kind: 'line', values: (points) => points.map((point) => point[key].p50) },
  ],
});

const FIGURES = [
  {
    title: 'Repairs per second',
    scale: perSecond,
    value: (point) => point.outcomes.repaired / point.seconds,
    write: perSecond,
    tell: (point) => perSecond(point.outcomes.repaired / point.seconds),
    detail: (point, { outcomes }) => `${plural(outcomes.repaired, 'repair')} since the start`,
    layers: ['area', 'line'].map((kind) => ({
      name: 'repaired', kind, values: (points) => points.map(({ outcomes, seconds }) => outcomes.repaired / seconds),
    })),
  },
  {
    title: 'Outcomes',
    scale: count,
    value: ({ outcomes }) => sum(outcomes),
    write: (requests) => plural(requests, 'request'),
    tell: (point) => mix(point) || 'no requests',
    detail: () => 'in 5 seconds',
    layers: stacked,
    stack: true,
  },
  {
    title: 'Cache hits',
    scale: percent,
    top: 1,
    value: ratio,
    write: percent,
    tell: (point) => (ratio(point) === null ? 'none was asked for' : percent(ratio(point))),
    detail: (point) => (sum(point.snapshots) ? `${point.snapshots.hit} of ${sum(point.snapshots)}` : ''),
    layers: [{ name: 'hits', kind: 'area', values: (points) => points.map(ratio) },
      { name: 'hits', kind: 'line', values: (points) => points.map(ratio) }],
  },
  times('Age of snapshots', 'age_ms'),
  times('Upstream latency', 'upstream_ms'),
  times('Lookup latency', 'lookup_ms'),
];

function legend() {
  const entries = OUTCOMES.map(({ name, sign, means }) => {
    const number = element('b');
    const entry = element('li', { class: name, title: means },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, sign), ` ${name} `, number);
    return { name, number, entry };
  });
  return {
    node: element('ul', { class: 'legend' }, ...entries.map(({ entry }) => entry)),
    show: (points) => entries.forEach(({ name, number }) =>
      say(number, count(points.reduce((all, { outcomes }) => all + outcomes[name], 0)))),
  };
}

class Card {
  constructor(figure) {
    this.figure = figure;
    this.picture = new Picture(figure);
    this.value = element('strong');
    this.detail = element('span');
    this.range = element('p', { class: 'range' });
    this.legend = figure.stack ? legend() : null;
    this.node = element('article', { class: 'figure' },
      element('h3', {}, figure.title),
      element('p', { class: 'value' }, this.value, ' ', this.detail),
      this.picture.node, this.range, this.legend?.node);
    this.picture.onlook = (point) => {
      this.looked = point;
      this.#say();
    };
  }

  show(points, total, moved) {
    Object.assign(this, { points, total });
    this.picture.show(points, moved);
    this.legend?.show(points);
    const values = this.#whole().map(this.figure.value).filter((value) => value !== null);
    const [least, most] = [Math.min(...values), Math.max(...values)].map(this.figure.scale);
    say(this.range, values.length ? `lowest ${least}, highest ${most}` : 'nothing in 15 minutes');
    this.#say();
  }

  // Half of a point has half of what there will be.
  #whole() {
    return this.points.length > 1 ? this.points.slice(0, -1) : this.points;
  }

  // Of the point that somebody looks at, or of the last one that has something to say.
  #say() {
    const { value, write, tell, detail } = this.figure;
    const at = this.looked ?? this.#whole().findLast((point) => value(point) !== null);
    say(this.value, at && value(at) !== null ? write(value(at)) : '–');
    if (this.looked) return say(this.detail, `${timeOfDay(at.time)}: ${tell(at)}`);
    say(this.detail, at ? detail(at, this.total) : '');
  }
}

export class Figures {
  #cards = FIGURES.map((figure) => new Card(figure));
  #points = [];
  #step = 5;

  constructor() {
    byId('figures').append(...this.#cards.map(({ node }) => node));
  }

  // All of them: when the page opens, and when some may have been missed.
  load({ points, now, total, step_s: step }) {
    this.#step = step;
    this.#points = points;
    this.#show(now, total, 0);
  }

  // Whether nothing was missed since the last ones.
  update({ now, last, total }) {
    const before = this.#points.at(-1)?.time;
    const moved = last && last.time !== before ? 1 : 0;
    const gap = moved && before && Math.abs(new Date(last.time) - new Date(before)) > this.#step * 1500;
    if (moved) this.#points = [...this.#points, last].slice(-COLUMNS);
    this.#show(now, total, moved);
    return !gap;
  }

  #show(now, total, moved) {
    // The point under way has as many seconds as have passed; at least one, or it would jump about.
    const since = (new Date(now.time) - new Date(this.#points.at(-1)?.time ?? now.time)) / 1000;
    const seconds = Math.min(Math.max(since, 1), this.#step);
    const whole = this.#points.map((point) => ({ ...point, seconds: this.#step }));
    const points = [...whole, { ...now, seconds }].slice(-COLUMNS);
    for (const card of this.#cards) card.show(points, total, moved);
  }
}
