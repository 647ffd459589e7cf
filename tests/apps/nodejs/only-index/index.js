// SPDX-License-Identifier: Apache-2.0
const http = require('http');
const answer = () => JSON.stringify({
  node: process.version,
  env: process.env.NODE_ENV,
  args: process.argv.slice(2),
  greeting: process.env.GREETING,
});
const server = http.createServer((request, response) => response.end(answer()));
server.listen(process.env.PORT || 8080, () => console.log('listening'));
process.on('SIGTERM', () => {
  console.log('got SIGTERM');
  server.close(() => process.exit(7));
});
