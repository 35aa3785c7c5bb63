// What callers still send wrong, and what observing says of the rules.
import { byId, element } from './dom.js';
import { VERDICTS, count, dayAndTime, percent, plural, words } from './words.js';

// It is made of everything that was ever seen: not more often than somebody can read.
const PAUSE = 2000;

function wrong({ hint, reason, filled, repairs }) {
  if (hint) return hint;
  if (filled.length) return `misses ${filled.join(', ')}`;
  return reason ? words(reason) : repairs.join(', ');
}

function call(key, one, open) {
  const { method, template, outcome, instead } = one;
  const right = instead && element('details', { 'data-key': key, open: open.has(key) && '' },
    element('summary', {}, 'The right call'),
    element('pre', { tabindex: '0', 'aria-label': 'The right call' }, instead));
  return element('li', {},
    element('p', { class: 'call' }, element('b', {}, `${count(one.count)} ×`), ' ',
      element('code', {}, `${method} ${template}`)),
    element('p', {}, wrong(one)),
    element('p', { class: 'note' }, `${outcome}; first ${dayAndTime(one.first)}, last ${dayAndTime(one.last)}`),
    right);
}

function caller({ caller: name, named, calls }, open) {
  const all = calls.reduce((sum, one) => sum + one.count, 0);
  return element('article', { class: 'figure' },
    element('h3', {}, name, ' ', element('span', { class: 'note' }, named ? 'client' : 'User-Agent')),
    element('p', { class: 'note' }, plural(all, 'request')),
    element('ol', {}, ...calls.map((one) =>
      call([name, one.method, one.template, one.outcome, wrong(one)].join('\n'), one, open))));
}

function rule({ rule: name, mode, enforce_share: share, verdict, advice, ...counts }) {
  const { sign, text } = VERDICTS[verdict] ?? { sign: '·', text: words(verdict) };
  const some = mode !== 'enforce' || share === undefined || share === 1 ? '' : `, ${percent(share)} enforced`;
  const seen = ['complete', 'repaired', 'observed', 'would_have_helped', 'not_needed', 'unclear']
    .filter((word) => counts[word])
    .map((word) => `${count(counts[word])} ${words(word)}`);
  return element('article', { class: 'figure' },
    element('h3', {}, name, ' ', element('span', { class: 'note' }, `${mode}${some}`)),
    element('p', { class: `verdict ${verdict}` },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, sign), ` ${text}`),
    advice ? element('p', {}, advice) : null,
    element('p', { class: 'note' }, seen.join(', ') || 'no request yet'));
}

export class Report {
  #asking = false;
  #wanted = false;

  // Asks for it, and once more if that was wanted again meanwhile.
  async refresh() {
    this.#wanted = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#load();
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    this.#asking = false;
  }

  async #load() {
    try {
      const answer = await fetch('report');
      if (answer.ok) this.#show(await answer.json());
    } catch {
      // The stream says that the connection is lost, and when it is back there is another report.
    }
  }

  #show({ rules, callers }) {
    const list = byId('caller-list');
    // What somebody has opened stays open, and where the focus was it is again.
    const opened = [...list.querySelectorAll('details[open]')].map((one) => one.dataset.key);
    const focused = document.activeElement?.closest?.('#caller-list details')?.dataset.key;
    list.replaceChildren(...callers.map((one) => caller(one, new Set(opened))));
    byId('callers').hidden = !callers.length;
    byId('rule-list').replaceChildren(...rules.map(rule));
    byId('rules').hidden = !rules.length;
    const again = [...list.querySelectorAll('details')].find((one) => one.dataset.key === focused);
    again?.querySelector('summary').focus({ preventScroll: true });
  }
}
