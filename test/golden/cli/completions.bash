# bash completion for retorch, made by `retorch completions bash`
_retorch() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'build run wheel metadata explain env doctor diagnose inspect export cache clean init completions version help --help --version' -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W 'build run wheel metadata explain env doctor diagnose inspect export cache clean init completions version' -- "$current")) ;;
    build)
      case $previous in
        --request) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --extension | -e) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --kind) COMPREPLY=($(compgen -W 'python-module torch-library executable' -- "$current")); return ;;
        --out) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --setup-arg) COMPREPLY=(); return ;;
        --arch) COMPREPLY=(); return ;;
        --cuda-graph) COMPREPLY=($(compgen -W 'auto off' -- "$current")); return ;;
        --provenance) COMPREPLY=($(compgen -W 'on off' -- "$current")); return ;;
        --profile) COMPREPLY=($(compgen -W 'release debug release-with-debug none' -- "$current")); return ;;
        --std) COMPREPLY=(); return ;;
        --define | -D) COMPREPLY=(); return ;;
        --undefine | -U) COMPREPLY=(); return ;;
        --include-dir | -I) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library-dir | -L) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library | -l) COMPREPLY=(); return ;;
        --cxx-flag) COMPREPLY=(); return ;;
        --nvcc-flag) COMPREPLY=(); return ;;
        --hipcc-flag) COMPREPLY=(); return ;;
        --sycl-flag) COMPREPLY=(); return ;;
        --link-flag) COMPREPLY=(); return ;;
        --packages-at) COMPREPLY=(); return ;;
        --jobs | -j) COMPREPLY=(); return ;;
        --memory) COMPREPLY=(); return ;;
        --result) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--request --extension -e --name --kind --out --python --setup-arg --arch --cuda-graph --provenance --profile --std --define -D --undefine -U --include-dir -I --library-dir -L --library -l --cxx-flag --nvcc-flag --hipcc-flag --sycl-flag --link-flag --packages-at --jobs -j --memory --force --keep-going -k --no-cache --check --fix --dry-run --explain --json --result --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    run)
      case $previous in
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    wheel)
      case $previous in
        --out) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --arch) COMPREPLY=(); return ;;
        --profile) COMPREPLY=($(compgen -W 'release debug release-with-debug none' -- "$current")); return ;;
        --jobs | -j) COMPREPLY=(); return ;;
        --config-setting | -C) COMPREPLY=(); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--out --python --arch --profile --jobs -j --config-setting -C --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); fi ;;
    metadata)
      case $previous in
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    explain)
      case $previous in
        --path) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --request) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --extension | -e) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --kind) COMPREPLY=($(compgen -W 'python-module torch-library executable' -- "$current")); return ;;
        --out) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --setup-arg) COMPREPLY=(); return ;;
        --arch) COMPREPLY=(); return ;;
        --cuda-graph) COMPREPLY=($(compgen -W 'auto off' -- "$current")); return ;;
        --provenance) COMPREPLY=($(compgen -W 'on off' -- "$current")); return ;;
        --profile) COMPREPLY=($(compgen -W 'release debug release-with-debug none' -- "$current")); return ;;
        --std) COMPREPLY=(); return ;;
        --define | -D) COMPREPLY=(); return ;;
        --undefine | -U) COMPREPLY=(); return ;;
        --include-dir | -I) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library-dir | -L) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library | -l) COMPREPLY=(); return ;;
        --cxx-flag) COMPREPLY=(); return ;;
        --nvcc-flag) COMPREPLY=(); return ;;
        --hipcc-flag) COMPREPLY=(); return ;;
        --sycl-flag) COMPREPLY=(); return ;;
        --link-flag) COMPREPLY=(); return ;;
        --packages-at) COMPREPLY=(); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--path --request --extension -e --name --kind --out --python --setup-arg --arch --cuda-graph --provenance --profile --std --define -D --undefine -U --include-dir -I --library-dir -L --library -l --cxx-flag --nvcc-flag --hipcc-flag --sycl-flag --link-flag --packages-at --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    env)
      case $previous in
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--python --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); fi ;;
    doctor)
      case $previous in
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--python --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); fi ;;
    diagnose)
      case $previous in
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--python --no-environment --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    inspect)
      case $previous in
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --gpu) COMPREPLY=(); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--python --no-environment --gpu --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    export)
      case $previous in
        --request) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --extension | -e) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --kind) COMPREPLY=($(compgen -W 'python-module torch-library executable' -- "$current")); return ;;
        --out) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --setup-arg) COMPREPLY=(); return ;;
        --arch) COMPREPLY=(); return ;;
        --cuda-graph) COMPREPLY=($(compgen -W 'auto off' -- "$current")); return ;;
        --provenance) COMPREPLY=($(compgen -W 'on off' -- "$current")); return ;;
        --profile) COMPREPLY=($(compgen -W 'release debug release-with-debug none' -- "$current")); return ;;
        --std) COMPREPLY=(); return ;;
        --define | -D) COMPREPLY=(); return ;;
        --undefine | -U) COMPREPLY=(); return ;;
        --include-dir | -I) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library-dir | -L) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library | -l) COMPREPLY=(); return ;;
        --cxx-flag) COMPREPLY=(); return ;;
        --nvcc-flag) COMPREPLY=(); return ;;
        --hipcc-flag) COMPREPLY=(); return ;;
        --sycl-flag) COMPREPLY=(); return ;;
        --link-flag) COMPREPLY=(); return ;;
        --packages-at) COMPREPLY=(); return ;;
        --file | -f) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--request --extension -e --name --kind --out --python --setup-arg --arch --cuda-graph --provenance --profile --std --define -D --undefine -U --include-dir -I --library-dir -L --library -l --cxx-flag --nvcc-flag --hipcc-flag --sycl-flag --link-flag --packages-at --file -f --force --color --verbose -v --quiet -q --help -h' -- "$current"))
      else COMPREPLY=($(compgen -W 'sh make ninja cmake compile-commands' -- "$current")); fi ;;
    cache)
      case $previous in
        --max-size) COMPREPLY=(); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--max-size --json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else COMPREPLY=($(compgen -W 'stats gc clear verify' -- "$current")); fi ;;
    clean)
      case $previous in
        --request) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --extension | -e) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --kind) COMPREPLY=($(compgen -W 'python-module torch-library executable' -- "$current")); return ;;
        --out) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --python) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --setup-arg) COMPREPLY=(); return ;;
        --arch) COMPREPLY=(); return ;;
        --cuda-graph) COMPREPLY=($(compgen -W 'auto off' -- "$current")); return ;;
        --provenance) COMPREPLY=($(compgen -W 'on off' -- "$current")); return ;;
        --profile) COMPREPLY=($(compgen -W 'release debug release-with-debug none' -- "$current")); return ;;
        --std) COMPREPLY=(); return ;;
        --define | -D) COMPREPLY=(); return ;;
        --undefine | -U) COMPREPLY=(); return ;;
        --include-dir | -I) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library-dir | -L) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --library | -l) COMPREPLY=(); return ;;
        --cxx-flag) COMPREPLY=(); return ;;
        --nvcc-flag) COMPREPLY=(); return ;;
        --hipcc-flag) COMPREPLY=(); return ;;
        --sycl-flag) COMPREPLY=(); return ;;
        --link-flag) COMPREPLY=(); return ;;
        --packages-at) COMPREPLY=(); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--dry-run --request --extension -e --name --kind --out --python --setup-arg --arch --cuda-graph --provenance --profile --std --define -D --undefine -U --include-dir -I --library-dir -L --library -l --cxx-flag --nvcc-flag --hipcc-flag --sycl-flag --link-flag --packages-at --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); fi ;;
    init)
      case $previous in
        --name) COMPREPLY=(); return ;;
        --kind) COMPREPLY=($(compgen -W 'python-module torch-library executable' -- "$current")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--name --kind --color --verbose -v --quiet -q --help -h' -- "$current"))
      else compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); fi ;;
    completions)
      case $previous in
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--color --verbose -v --quiet -q --help -h' -- "$current"))
      else COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")); fi ;;
    version)
      case $previous in
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$current")); return ;;
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '--json --color --verbose -v --quiet -q --help -h' -- "$current"))
      else COMPREPLY=(); fi ;;
  esac
}
complete -F _retorch retorch
