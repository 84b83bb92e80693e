/*
 * Stands for g++ where a row measures the build tool and not the compiler. Questions (`-v -E`, `-print-prog-name=…`,
 * `--version`) go to the real compiler, whose path is compiled in as REAL. With `-c` it reads the source, writes the
 * depfile and an object of a few bytes; a link writes a file that depends on the names of its inputs.
 *
 * The headers of a source: each `#include "NAME"` is looked for beside the source and in the `-I` folders; a file
 * `NAME.reads` beside the header lists what that header reads in turn, so that thousands of headers cost one open.
 *
 * With FAKE_COMPILER_LOG=FILE, each `-c` first appends the time of its start (nanoseconds since 1970) to FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char *includes[256];
static int include_count;

static char *slurp(const char *path, size_t *size) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) return NULL;
  char *text = malloc((size_t)st.st_size + 1);
  ssize_t got = read(fd, text, (size_t)st.st_size);
  close(fd);
  if (got < 0) got = 0;
  text[got] = 0;
  if (size) *size = (size_t)got;
  return text;
}

static void depend(FILE *out, const char *folder, const char *name) {
  char path[4096];
  for (int i = -1; i < include_count; i++) {
    snprintf(path, sizeof path, "%s/%s", i < 0 ? folder : includes[i], name);
    if (access(path, R_OK) != 0) continue;
    fprintf(out, " \\\n %s", path);
    strncat(path, ".reads", sizeof path - strlen(path) - 1);
    char *list = slurp(path, NULL);
    if (!list) return;
    *strrchr(path, '/') = 0;
    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) fprintf(out, " \\\n %s/%s", path, line);
    free(list);
    return;
  }
}

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const char *source = NULL, *output = NULL, *depfile = NULL;
  int compile = 0, link = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "-c")) compile = 1;
    else if (!strcmp(argv[i], "-o") && i + 1 < argc) output = argv[++i];
    else if (!strcmp(argv[i], "-MF") && i + 1 < argc) depfile = argv[++i];
    else if (!strncmp(argv[i], "-I", 2) && argv[i][2] && include_count < 256) includes[include_count++] = argv[i] + 2;
    else if (argv[i][0] == '@') link = 1;
    else if (argv[i][0] != '-') {
      size_t n = strlen(argv[i]);
      if (n > 4 && !strcmp(argv[i] + n - 4, ".cpp")) source = argv[i];
      else if (n > 2 && !strcmp(argv[i] + n - 2, ".o")) link = 1;
    }
  }
  if (!output || !(compile ? source != NULL : link)) {
    argv[0] = REAL;
    execv(REAL, argv);
    return 127;
  }
  if (!compile) {
    unsigned long sum = 5381;
    for (int i = 1; i < argc; i++) {
      if (argv[i] == output) continue;
      for (const char *c = argv[i]; *c; c++) sum = sum * 33 + (unsigned char)*c;
    }
    FILE *out = fopen(output, "w");
    if (!out) return 1;
    fprintf(out, "linked %lx\n", sum);
    fclose(out);
    chmod(output, 0755);
    return 0;
  }
  const char *log = getenv("FAKE_COMPILER_LOG");
  if (log) {
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd >= 0) dprintf(fd, "%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec), close(fd);
  }
  size_t size;
  char *text = slurp(source, &size);
  if (!text) return fprintf(stderr, "%s: No such file or directory\n", source), 1;
  FILE *out = fopen(output, "w");
  if (!out) return 1;
  fprintf(out, "object %s %zu\n", source, size);
  fwrite(text, 1, size, out);
  fclose(out);
  if (depfile) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", source);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    else strcpy(folder, ".");
    FILE *deps = fopen(depfile, "w");
    if (!deps) return 1;
    fprintf(deps, "%s: %s", output, source);
    const char *at = text;
    while ((at = strstr(at, "#include \""))) {
      at += 10;
      const char *end = strchr(at, '"');
      if (!end) break;
      char name[1024];
      snprintf(name, sizeof name, "%.*s", (int)(end - at), at);
      depend(deps, folder, name);
    }
    fputc('\n', deps);
    fclose(deps);
  }
  return 0;
}
