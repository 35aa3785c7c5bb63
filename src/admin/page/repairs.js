// The table of recent repairs: the newest on top, each with the shape of its edit, and a filter.
import { byId, element, say, set } from './dom.js';
import { shape } from './shape.js';
import { OUTCOMES, callerOf, count, plural, timeOfDay, words } from './words.js';

// As many as the other side keeps.
const KEPT = 200;

const signs = new Map(OUTCOMES.map(({ name, sign }) => [name, sign]));

const cell = (label, attributes, ...content) =>
  element('td', { role: 'cell', 'data-label': label, ...attributes }, ...content);

function done({ hint, reason, repairs, filled }) {
  if (hint || reason) return [hint ?? words(reason)];
  if (!repairs.length) return ['nothing'];
  return [`${repairs.join(', ')} `, ...filled.map((member) => element('code', {}, member))];
}

// One request: a row, and one below it once somebody has opened it.
class Row {
  constructor(repair) {
    this.repair = repair;
    const { seq, rule, outcome, status, reason, template, method, id, repairs, filled, client } = repair;
    this.text = [rule, callerOf(repair), client && repair.user_agent, outcome, reason && words(reason), reason,
      method, template, id, ...repairs, ...filled].join('\n').toLowerCase();
    this.button = element('button', { type: 'button', 'aria-expanded': 'false', 'aria-controls': `shape-${seq}` },
      timeOfDay(repair.time), element('span', { class: 'unseen' }, ', the shape of the edit'));
    this.button.addEventListener('click', () => this.#toggle());
    this.node = element('tr', { role: 'row', 'data-seq': seq },
      cell('Time', { class: 'time' }, this.button),
      cell('Outcome', { class: `outcome ${outcome}` },
        element('span', { class: 'sign', 'aria-hidden': 'true' }, signs.get(outcome) ?? '·'), ` ${outcome}`),
      cell('What was done', { class: 'done' }, ...done(repair)),
      cell('Rule', { class: 'rule' }, rule),
      cell('Caller', { class: 'caller' }, callerOf(repair)),
      cell('Answer', { class: 'number' }, status === null ? '–' : String(status)));
    this.below = element('tr', { role: 'row', class: 'below', id: `shape-${seq}`, hidden: '' });
  }

  get isOpen() {
    return !this.below.hidden;
  }

  // Somebody is busy with it: it stays, however old it gets.
  get isHeld() {
    return this.isOpen || this.node.contains(document.activeElement);
  }

  #toggle() {
    // Made when it is looked at: most rows never are.
    if (!this.below.childNodes.length) {
      this.below.append(element('td', { role: 'cell', colspan: '6' }, shape(this.repair)));
    }
    this.below.hidden = this.isOpen;
    set(this.button, 'aria-expanded', this.isOpen);
  }

  show(shown) {
    if (this.node.hidden === !shown) return;
    this.node.hidden = !shown;
    // What is filtered out is closed as well: it would stand there alone.
    if (!shown && this.isOpen) this.#toggle();
  }

  remove() {
    this.node.remove();
    this.below.remove();
  }
}

export class Repairs {
  // Newest first.
  #rows = [];
  // What has come since the list was paused.
  #waiting = [];
  #paused = false;
  #last = 0;

  constructor() {
    this.body = byId('rows');
    this.filter = byId('filter');
    this.outcome = byId('outcome');
    this.pause = byId('pause');
    this.outcome.append(...OUTCOMES.map(({ name }) => element('option', { value: name }, name)));
    this.filter.addEventListener('input', () => this.#refilter());
    this.outcome.addEventListener('change', () => this.#refilter());
    this.pause.addEventListener('click', () => this.#switch());
  }

  // Another process has taken the place of the one before, and counts anew.
  reset() {
    for (const row of this.#rows) row.remove();
    [this.#rows, this.#waiting, this.#last] = [[], [], 0];
    say(byId('waiting'), '');
    this.#tell();
  }

  // Newest first. Some may have been here before, when the stream had to be opened again.
  add(repairs) {
    const fresh = repairs.filter(({ seq }) => seq > this.#last);
    if (!fresh.length) return;
    this.#last = fresh[0].seq;
    if (this.#paused) {
      this.#waiting = [...fresh, ...this.#waiting].slice(0, KEPT);
      say(byId('waiting'), `${count(this.#waiting.length)} new`);
    } else {
      this.#insert(fresh);
    }
  }

  #insert(repairs) {
    const rows = repairs.slice(0, KEPT).map((repair) => new Row(repair));
    for (const row of rows) row.show(this.#matches(row));
    this.body.prepend(...rows.flatMap(({ node, below }) => [node, below]));
    const all = [...rows, ...this.#rows];
    this.#rows = all.filter((row, i) => i < KEPT || row.isHeld);
    for (const row of all.slice(KEPT)) if (!row.isHeld) row.remove();
    this.#tell();
  }

  #matches({ text, repair }) {
    const wanted = this.filter.value.toLowerCase().split(/\s+/);
    const outcome = this.outcome.value;
    return (!outcome || repair.outcome === outcome) && wanted.every((word) => text.includes(word));
  }

  #refilter() {
    for (const row of this.#rows) row.show(this.#matches(row));
    const shown = this.#tell();
    // Said when somebody filters, and not with every request that comes.
    const filtered = this.filter.value.trim() || this.outcome.value;
    say(byId('shown'), filtered ? `${count(shown)} of ${plural(this.#rows.length, 'request')}` : '');
  }

  #switch() {
    this.#paused = !this.#paused;
    set(this.pause, 'aria-checked', this.#paused);
    if (this.#paused) return;
    say(byId('waiting'), '');
    this.#insert(this.#waiting.splice(0));
  }

  #tell() {
    const shown = this.#rows.filter(({ node }) => !node.hidden).length;
    const nothing = byId('nothing');
    nothing.hidden = shown > 0;
    byId('table').hidden = shown === 0;
    say(nothing, this.#rows.length ? 'No request fits the filter.' : 'No request has matched a rule yet.');
    return shown;
  }
}
