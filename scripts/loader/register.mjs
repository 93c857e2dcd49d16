// Lets node run the tests' TypeScript as it is: `node --import ./scripts/loader/register.mjs FILE.ts`.
//
// A loader of our own over the compiler that is here anyway: those on npm are native addons themselves, with packages for
// every platform, and Node.js strips types only from 22.18 on.
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url)
