const word = require('@shop/word');
module.exports = () => `${word} ${require('ms')('1s')}`;
