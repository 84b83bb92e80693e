/**
 * Looks a name from outside up in a table. A plain `table[name]` finds `constructor` and `__proto__` in every object, and
 * names from logs and files can be these.
 */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
