// The shape of one edit: where, how much and why. What was put there nobody here knows.
import { element } from './dom.js';
import { HELPED, callerOf, dayAndTime, milliseconds, plural, words } from './words.js';

// What is replaced by a fill is a null, always.
function span({ start, end, inserted }) {
  if (start === end) return `at byte ${start}: ${plural(inserted, 'byte')} put in`;
  const bytes = end - start === 1 ? `byte ${start}` : `bytes ${start}–${end - 1}`;
  if (!inserted) return `${bytes}: left out`;
  const what = end - start === 'null'.length ? ' (null)' : '';
  return `${bytes}${what}: ${plural(inserted, 'byte')} instead`;
}

const code = (text) => element('code', {}, text);
const list = (items) => element('ul', {}, ...items.map((item) => element('li', {}, item)));

function snapshot({ snapshot: origin, age_ms: age }) {
  const origins = {
    hit: 'from the cache', miss: 'looked up for this request', shared: 'looked up together with others',
    refetched: 'looked up again after a rejection',
  };
  return `${origins[origin] ?? origin}${age === null ? '' : `, ${milliseconds(age)} old`}`;
}

const part = ({ name, status }) => `${name}: ${status ?? 'no answer, or not sent'}`;

// Name and content of each line. What there is nothing to say of has none.
function lines(repair) {
  const { filled, spans, dropped, parts } = repair;
  return [
    ['Request', element('span', {}, `${repair.method} `, code(repair.template))],
    ['Reason', repair.reason && words(repair.reason)],
    ['What is wrong', repair.hint],
    ['Repairs', repair.repairs.length && repair.repairs.join(', ')],
    ['Members filled', filled.length && list(filled.map(code))],
    ['In the body', spans.length && list(spans.map(span))],
    ['Left out', dropped.length && list(dropped.map(code))],
    ['Sent as', parts.length && list(parts.map(part))],
    ['Snapshot', repair.snapshot && snapshot(repair)],
    ['Of use', HELPED[repair.verdict]],
    ['Caller', callerOf(repair)],
    ['User-Agent', repair.client && repair.user_agent],
    ['Answer', repair.status ?? 'none'],
    ['Time', dayAndTime(repair.time)],
    ['Request id', code(repair.id)],
  ].filter(([, content]) => content);
}

export function shape(repair) {
  const entries = lines(repair).map(([name, content]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, content)));
  return element('dl', { class: 'shape' }, ...entries);
}
