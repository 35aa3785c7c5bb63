// What stands above everything: which process this is, and whether it can be heard.
import { byId, say, set } from './dom.js';
import { count, duration } from './words.js';

const CONNECTION = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost, trying again',
};

export const showVersion = (version) => say(byId('version'), version);

export function showFacts({ mode, ready, uptime_s: uptime, now }) {
  say(byId('mode'), mode);
  set(byId('mode'), 'data-mode', mode);
  say(byId('ready'), ready ? 'ready' : 'draining');
  say(byId('in-flight'), count(now.in_flight));
  say(byId('uptime'), duration(uptime));
}

export function showConnection(state) {
  set(byId('connection'), 'data-state', state);
  say(byId('connection'), CONNECTION[state]);
}
