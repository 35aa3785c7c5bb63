// An application of one region: logs in as REGION at the gateway PROXY, whose paths its settings name
// (LOGIN, API; empty for none), reads a conversation and writes to it.
'use strict';
const { CALL, agent, client, conversations, equal, pointAt, run } = require('./sdk.js');

const { PROXY, REGION, LOGIN, API } = process.env;

async function main() {
  client.setReturnExtendedResponses(true);
  const paths = {};
  if (LOGIN) paths.path_params_login = LOGIN;
  if (API) paths.path_params_api = API;
  pointAt(PROXY, paths);
  const settings = JSON.stringify(paths);
  await client.loginClientCredentialsGrant(REGION, 'secret');
  equal(client.authData.accessToken, `simulated.${REGION}`, `${settings} logs in`);
  const read = await conversations.getConversation(CALL);
  equal(read.body.id, CALL, 'and reads');
  const written = await conversations.patchConversationParticipant(CALL, agent(CALL), { attributes: { region: REGION } });
  equal(written.status, 202, 'and writes');
}

run(main);
