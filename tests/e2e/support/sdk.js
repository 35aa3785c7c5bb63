// What the checks of the JavaScript SDK share: the SDK, where it is pointed, and sentences.
'use strict';
const { isDeepStrictEqual } = require('node:util');
const sdk = require('purecloud-platform-client-v2');

const CALL = 'ca110000-0000-4000-8000-000000000000';
const MESSAGE = '3e550000-0000-4000-8000-000000000000';
const agent = (conversation) => conversation.slice(0, -1) + '3';

const client = sdk.ApiClient.instance;
const conversations = new sdk.ConversationsApi();

// The gateway settings are all that changes for an application.
function pointAt(base, paths = {}) {
  const { hostname, port } = new URL(base);
  client.setGateway({ host: hostname, port: Number(port), protocol: 'http', ...paths });
}
const throughProxy = () =>
  pointAt(process.env.PROXY, { path_params_login: 'gateway/login', path_params_api: 'gateway/api' });
const straight = () => pointAt(process.env.SIMULATOR);

async function control(method, path, body) {
  const url = `${process.env.SIMULATOR}/__control/${path}`;
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

async function arrived(method) {
  const { requests } = await control('GET', 'requests');
  return requests.filter((request) => request.method === method);
}

// What the SDK throws: the body of the answer, or with extended responses status and headers too.
async function refusal(promise) {
  try {
    const answer = await promise;
    throw new Error(`accepted: ${JSON.stringify(answer)}`);
  } catch (error) {
    if (error instanceof Error) throw error;
    return error;
  }
}

// Says the sentence if it holds, and ends the check if not.
function expect(holds, sentence, found) {
  console.log(holds ? `ok    ${sentence}` : `FAIL  ${sentence}; found: ${JSON.stringify(found)}`);
  if (!holds) process.exit(1);
}

function equal(found, expected, sentence) {
  expect(isDeepStrictEqual(found, expected), `${sentence}: ${JSON.stringify(expected)}`, found);
}

// Runs a check. What the SDK throws is no `Error`, so it is shown here.
function run(main) {
  main().catch((error) => expect(false, 'no surprises', error instanceof Error ? error.stack : error));
}

module.exports = {
  CALL, MESSAGE, agent, arrived, client, control, conversations, equal, expect, pointAt, refusal, run, straight,
  throughProxy,
};
