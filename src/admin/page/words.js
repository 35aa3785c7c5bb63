// What things are called, and how numbers are written.

// In the order in which they are stacked. Each has a sign of its own: colour alone tells nobody anything.
export const OUTCOMES = [
  { name: 'repaired', sign: '◆', means: 'sent with what was missing' },
  { name: 'complete', sign: '○', means: 'nothing was missing' },
  { name: 'observed', sign: '◇', means: 'the original was sent; this would have been done' },
  { name: 'forwarded', sign: '▷', means: 'sent as it came' },
  { name: 'rejected', sign: '✕', means: 'answered here' },
];

export const VERDICTS = {
  safe_to_enforce: { sign: '✓', text: 'safe to enforce' },
  not_needed: { sign: '–', text: 'not needed' },
  mixed: { sign: '±', text: 'mixed' },
  unclear: { sign: '?', text: 'unclear' },
};

// Of one request.
export const HELPED = {
  would_have_helped: 'it would have helped: the original was refused for want of it',
  not_needed: 'it was not needed: the original was accepted',
  unclear: 'unclear',
};

export const words = (text) => text.replaceAll('_', ' ');

const grouped = new Intl.NumberFormat('en');
const rounded = [0, 1, 2].map((digits) => new Intl.NumberFormat('en', { maximumFractionDigits: digits }));

export const count = (number) => grouped.format(number);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

// Two or three digits that count, whatever the size.
function short(number) {
  const digits = number >= 100 ? 0 : number >= 1 ? 1 : 2;
  return rounded[digits].format(number);
}

export const perSecond = (rate) => `${short(rate)}/s`;
export const percent = (share) => `${rounded[0].format(share * 100)} %`;
export const milliseconds = (ms) => (ms >= 1000 ? `${short(ms / 1000)} s` : `${short(ms)} ms`);

const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });
export const timeOfDay = (time) => clock.format(new Date(time));
export const dayAndTime = (time) => `${day.format(new Date(time))}, ${timeOfDay(time)}`;

export function duration(seconds) {
  const [days, hours] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${seconds} s`;
}

// Who sent it: the name that the configuration has for it, or else what it calls itself.
export const callerOf = (repair) => repair.client ?? repair.user_agent ?? 'unknown';
