// Checks a bill of materials against CycloneDX's schema: node check.js MODULES FILE. Prints what is wrong, and ends with 1 if anything is.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [modules, file] = process.argv.slice(2);
const { Spec, Validation } = require(path.join(modules, 'node_modules', '@cyclonedx', 'cyclonedx-library'));

new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(fs.readFileSync(file, 'utf8')).then((errors) => {
  if (errors) {
    console.log(JSON.stringify(errors, null, 1));
    process.exitCode = 1;
  }
});
