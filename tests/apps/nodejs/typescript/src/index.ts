// SPDX-License-Identifier: Apache-2.0
declare const require: (name: string) => any;
declare const process: any;
const port: number = Number(process.env.PORT);
require('http').createServer((_: unknown, response: any) => response.end(JSON.stringify({ port }))).listen(port);
process.on('SIGTERM', () => process.exit(0));
