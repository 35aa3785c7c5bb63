// What a check of the page needs: a real browser that tells of everything that goes wrong in it, a proxy that
// can be ended and begun again, and who looks for faults that shut people out.
'use strict';
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const { isDeepStrictEqual } = require('node:util');
const axe = require('axe-core');
const { chromium } = require('playwright-core');

const PATIENCE = 20_000;

function expect(holds, sentence, found) {
  console.log(holds ? `ok    ${sentence}` : `FAIL  ${sentence}; found: ${JSON.stringify(found)}`);
  if (!holds) throw new Error(sentence);
}
const equal = (found, expected, sentence) => expect(isDeepStrictEqual(found, expected), sentence, found);

const launch = () => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// `patchwright serve` in front of the simulator, and where it listens.
async function proxy(admin = '127.0.0.1:0') {
  const child = spawn(process.env.PATCHWRIGHT, [
    'serve', '--listen', '127.0.0.1:0', '--admin', admin, '--upstream', process.env.SIMULATOR, '--log-level', 'warn',
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  // However the check ends.
  process.on('exit', () => child.kill());
  const urls = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [name, url] = line.split(' listening on ');
    urls[name] = url;
    if (name === 'admin') break;
  }
  if (!urls.admin) throw new Error('the proxy did not start (VERBOSE=1 shows why)');
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { ...urls, stop };
}

// A page at `url`, and what must not happen in it. `before` is called before it is opened.
async function visit(browser, url, { before, ...options } = {}) {
  const context = await browser.newContext({ timezoneId: 'UTC', locale: 'en-US', ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error}`));
  page.on('console', (message) => {
    // A proxy without a report is none with a fault.
    const ofReport = message.location().url.endsWith('/report');
    if (!ofReport) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on('dialog', (dialog) => faults.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await before?.(page);
  await page.goto(url);
  await connection(page, 'live');
  return { page, context, faults };
}

const connection = (page, state) => page.waitForSelector(`#connection[data-state="${state}"]`);

// The faults that axe-core calls serious or critical.
async function shutOut(page) {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  if (!passes.length) throw new Error('nothing was looked at');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

async function run(check) {
  process.on('SIGTERM', () => process.exit(1));
  try {
    await check();
  } catch (error) {
    console.log(error);
    process.exitCode = 1;
  }
  // A browser that is open still ends with us.
  process.exit();
}

module.exports = { connection, equal, expect, launch, proxy, run, shutOut, visit };
