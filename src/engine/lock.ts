/** The lock of a build folder. It lives in `src/host/`, since the cache, which knows nothing of the engine, uses it too. */
export { acquireLock, type Lock, type LockOptions, tryLock } from "../host/lock.ts";
