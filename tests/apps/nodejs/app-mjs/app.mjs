// SPDX-License-Identifier: Apache-2.0
import http from 'http';
const server = http.createServer((request, response) => response.end(JSON.stringify({ node: process.version })));
server.listen(process.env.PORT || 8080);
process.on('SIGTERM', () => server.close());
