// The stream of events, for as long as the page is open.

// A browser tries again by itself, but not after an answer that is no stream: 503 while the process ends,
// or while others have all the places.
const AGAIN = 2000;
// Figures come every second. When they don't, the other side is gone without a word: a laptop slept, or a
// tunnel broke.
const SILENCE = 6000;

// `hear` has a function for each kind of event, and `state` is told what the page should say of it.
export function listen(hear, state) {
  let source;
  let watch;

  function alive() {
    clearTimeout(watch);
    watch = setTimeout(again, SILENCE);
  }

  function again() {
    source.close();
    state('lost');
    clearTimeout(watch);
    watch = setTimeout(open, AGAIN);
  }

  function open() {
    source = new EventSource('events');
    source.onopen = () => {
      state('live');
      alive();
    };
    source.onerror = () => {
      state('lost');
      if (source.readyState === EventSource.CLOSED) again();
    };
    for (const [kind, heard] of Object.entries(hear)) {
      source.addEventListener(kind, (event) => {
        alive();
        heard(JSON.parse(event.data));
      });
    }
    alive();
  }

  open();
  // A page that comes out of the browser's memory has its old figures and a dead stream.
  window.addEventListener('pageshow', (event) => event.persisted && again());
}
