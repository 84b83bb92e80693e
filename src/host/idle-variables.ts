/** Which environment variables say nothing of a build. */

/**
 * Variables that say something about the session but nothing about a build. All others are part of the question, so
 * that a variable nobody thought of costs a longer look, not a stale answer.
 */
const idle =
  /^(?:_|SHLVL|PWD|OLDPWD|TERM.*|COLORTERM|COLUMNS|LINES|LS_COLORS|PS[0-4]|PROMPT.*|WINDOWID|TMUX.*|STY|SSH_.*|DISPLAY|WAYLAND_DISPLAY|XDG_SESSION.*|XDG_RUNTIME_DIR|DBUS_.*|VSCODE_.*|npm_.*|INIT_CWD|NO_COLOR|FORCE_COLOR|CLICOLOR.*|EDITOR|VISUAL|PAGER|LESS.*|MAIL|HISTFILE|HIST.*|JPY_.*|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|PYTEST_CURRENT_TEST|VITEST.*)$/;

/** Whether a variable says something about the session but nothing about a build. */
export function isIdleVariable(name: string): boolean {
  return idle.test(name);
}
