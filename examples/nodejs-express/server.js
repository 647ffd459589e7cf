// SPDX-License-Identifier: Apache-2.0
const express = require('express');

const app = express();
const port = process.env.PORT || 8080;

app.get('/', (request, response) => {
  response.type('html').send('<!doctype html><title>dema</title><h1>Hello from Node.js</h1>\n');
});

const server = app.listen(port, (error) => {
  if (error) throw error; // the port is taken, for example
  console.log(`listening on ${port}`);
});

// What runs this app stops it with SIGTERM: answer what was asked, then end.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
