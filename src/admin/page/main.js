// The page: what comes over the stream, and who shows it.
import { Figures } from './figures.js';
import { showConnection, showFacts, showVersion } from './header.js';
import { Repairs } from './repairs.js';
import { Report } from './report.js';
import { listen } from './stream.js';

const figures = new Figures();
const repairs = new Repairs();
const report = new Report();
// Which process this is, and whether its figures are all here.
let started;
let whole = false;

async function loadFigures() {
  try {
    const all = await (await fetch('figures')).json();
    showVersion(all.version);
    figures.load(all);
    whole = true;
  } catch {
    // The stream says that the connection is lost, and once it is back they are asked for again.
    whole = false;
  }
}

listen({
  figures(event) {
    showFacts(event);
    if (event.started !== started) {
      // The first one, or a process that has taken the place of the one before.
      if (started) repairs.reset();
      started = event.started;
      whole = false;
      report.refresh();
    }
    if (!whole || !figures.update(event)) loadFigures();
  },
  repairs: (event) => repairs.add(event.repairs),
  callers: () => report.refresh(),
}, showConnection);
