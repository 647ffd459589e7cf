// SPDX-License-Identifier: Apache-2.0
const fs = require('fs');
fs.mkdirSync('dist', { recursive: true });
fs.writeFileSync('dist/made.json', JSON.stringify({ number: require('is-number')(5), env: process.env.NODE_ENV }));
