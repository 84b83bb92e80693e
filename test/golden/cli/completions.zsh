#compdef retorch
# zsh completion for retorch, made by `retorch completions zsh`
_retorch() {
  local -a commands
  commands=(
    'build:Build extensions, or bring them up to date'
    'run:Run a command with PyTorch'\''s builder replaced in every Python that it starts'
    'wheel:Build a wheel of the project, as `pip wheel` does with the build backend retorch.build'
    'metadata:Write what a project is, as JSON for programs'
    'explain:Say what a build would do, and why'
    'env:Show the Python, PyTorch, CUDA and compilers that are used, and why'
    'doctor:Check the environment: what is right, what is wrong, what will bite later'
    'diagnose:Say what went wrong in a log, and what to do'
    'inspect:Say what a built extension or wheel is, and whether it will load here'
    'export:Write the build in the language of another tool'
    'cache:Look after the store of earlier results'
    'clean:Remove what was built for a project'
    'init:Write a retorch.toml for the sources that are there'
    'completions:Write completions for a shell'
    'version:Show the version'
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
    build)
      _arguments -s -S \
      '--request=[Build what a captured request says, as Python code wrote it (for programs); - for standard input]:FILE:_files' \
      '*-e+[Only this extension of the project]:NAME:' \
      '*--extension=[Only this extension of the project]:NAME:' \
      '--name=[Name of the module, dots making packages\: my_pkg._C]:NAME:' \
      '--kind=[What is made\: python-module (import it), torch-library (torch.ops.load_library) or executable]:KIND:(python-module torch-library executable)' \
      '--out=[Folder in which the result appears]:DIR:_files -/' \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '*--setup-arg=[Word for setup.py, after build_ext --inplace\: --setup-arg=--cuda_ext]:WORD:' \
      '*--arch=[GPU architectures, as in TORCH_CUDA_ARCH_LIST\: 8.0, 9.0a, 12.0+PTX, native]:LIST:' \
      '--cuda-graph=[Run nvcc'\''s phases by themselves where they are understood (auto), or whole commands (off)]:WHEN:(auto off)' \
      '--provenance=[Whether the built file says with which torch, Python, CUDA and compiler it was built]:WHETHER:(on off)' \
      '--profile=[Set of flags to begin with\: release, debug, release-with-debug or none]:PROFILE:(release debug release-with-debug none)' \
      '--std=[C++ standard\: 17, 20, …]:STANDARD:' \
      '*-D+[Define a macro]:NAME[=VALUE]:' \
      '*--define=[Define a macro]:NAME[=VALUE]:' \
      '*-U+[Take a macro back]:NAME:' \
      '*--undefine=[Take a macro back]:NAME:' \
      '*-I+[Look for headers here first]:DIR:_files -/' \
      '*--include-dir=[Look for headers here first]:DIR:_files -/' \
      '*-L+[Look for libraries here first]:DIR:_files -/' \
      '*--library-dir=[Look for libraries here first]:DIR:_files -/' \
      '*-l+[Link with this library]:NAME:' \
      '*--library=[Link with this library]:NAME:' \
      '*--cxx-flag=[Flag for the C++ compiler, after all others]:FLAG:' \
      '*--nvcc-flag=[Flag for nvcc, after all others]:FLAG:' \
      '*--hipcc-flag=[Flag for hipcc, after all others]:FLAG:' \
      '*--sycl-flag=[Flag for the SYCL compiler, after all others]:FLAG:' \
      '*--link-flag=[Word for the link command, at its end]:FLAG:' \
      '--packages-at=[Where an installed program finds Python'\''s packages, torch among them, as a run path\: $ORIGIN/…]:DIR:' \
      '-j+[How many programs may run at once]:N:' \
      '--jobs=[How many programs may run at once]:N:' \
      '--memory=[Memory for all programs together\: 8G, 512M]:SIZE:' \
      '--force[Do everything again]' \
      '-k[After a failure, go on with what does not depend on it]' \
      '--keep-going[After a failure, go on with what does not depend on it]' \
      '--no-cache[Neither read nor write the store of earlier results]' \
      '--check[Import the result in the target Python afterwards; see that it has code for the GPU here]' \
      '--fix[After a failure with a safe remedy change the configuration and build again]' \
      '--dry-run[Run nothing; write the exact commands to standard output, as text for sh]' \
      '--explain[Say why each action has to be done]' \
      '--json[Write one JSON event a line to standard output]' \
      '--result=[Write what came of it, and all that was looked at, to this file (for programs)]:FILE:_files' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:PATH:_files'
      ;;
    run)
      _arguments -s -S \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:COMMAND:_files'
      ;;
    wheel)
      _arguments -s -S \
      '--out=[Folder in which the wheel appears]:DIR:_files -/' \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '*--arch=[GPU architectures, as in TORCH_CUDA_ARCH_LIST\: 8.0, 9.0a, 12.0+PTX, native]:LIST:' \
      '--profile=[Set of flags to begin with\: release, debug, release-with-debug or none]:PROFILE:(release debug release-with-debug none)' \
      '-j+[How many programs may run at once]:N:' \
      '--jobs=[How many programs may run at once]:N:' \
      '*-C+[Setting for the build backend, as pip'\''s -C]:KEY=VALUE:' \
      '*--config-setting=[Setting for the build backend, as pip'\''s -C]:KEY=VALUE:' \
      '--json[Write one JSON object about the wheel to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FOLDER:_files -/'
      ;;
    metadata)
      _arguments -s -S \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:PATH:_files'
      ;;
    explain)
      _arguments -s -S \
      '*--path=[What `retorch build` is given\: source files or a folder]:PATH:_files' \
      '--request=[Build what a captured request says, as Python code wrote it (for programs); - for standard input]:FILE:_files' \
      '*-e+[Only this extension of the project]:NAME:' \
      '*--extension=[Only this extension of the project]:NAME:' \
      '--name=[Name of the module, dots making packages\: my_pkg._C]:NAME:' \
      '--kind=[What is made\: python-module (import it), torch-library (torch.ops.load_library) or executable]:KIND:(python-module torch-library executable)' \
      '--out=[Folder in which the result appears]:DIR:_files -/' \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '*--setup-arg=[Word for setup.py, after build_ext --inplace\: --setup-arg=--cuda_ext]:WORD:' \
      '*--arch=[GPU architectures, as in TORCH_CUDA_ARCH_LIST\: 8.0, 9.0a, 12.0+PTX, native]:LIST:' \
      '--cuda-graph=[Run nvcc'\''s phases by themselves where they are understood (auto), or whole commands (off)]:WHEN:(auto off)' \
      '--provenance=[Whether the built file says with which torch, Python, CUDA and compiler it was built]:WHETHER:(on off)' \
      '--profile=[Set of flags to begin with\: release, debug, release-with-debug or none]:PROFILE:(release debug release-with-debug none)' \
      '--std=[C++ standard\: 17, 20, …]:STANDARD:' \
      '*-D+[Define a macro]:NAME[=VALUE]:' \
      '*--define=[Define a macro]:NAME[=VALUE]:' \
      '*-U+[Take a macro back]:NAME:' \
      '*--undefine=[Take a macro back]:NAME:' \
      '*-I+[Look for headers here first]:DIR:_files -/' \
      '*--include-dir=[Look for headers here first]:DIR:_files -/' \
      '*-L+[Look for libraries here first]:DIR:_files -/' \
      '*--library-dir=[Look for libraries here first]:DIR:_files -/' \
      '*-l+[Link with this library]:NAME:' \
      '*--library=[Link with this library]:NAME:' \
      '*--cxx-flag=[Flag for the C++ compiler, after all others]:FLAG:' \
      '*--nvcc-flag=[Flag for nvcc, after all others]:FLAG:' \
      '*--hipcc-flag=[Flag for hipcc, after all others]:FLAG:' \
      '*--sycl-flag=[Flag for the SYCL compiler, after all others]:FLAG:' \
      '*--link-flag=[Word for the link command, at its end]:FLAG:' \
      '--packages-at=[Where an installed program finds Python'\''s packages, torch among them, as a run path\: $ORIGIN/…]:DIR:' \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:TARGET:_files'
      ;;
    env)
      _arguments -s -S \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FOLDER:_files -/'
      ;;
    doctor)
      _arguments -s -S \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FOLDER:_files -/'
      ;;
    diagnose)
      _arguments -s -S \
      '--python=[Interpreter that the log is about\: a path or a command]:PYTHON:_files' \
      '--no-environment[The log is of another machine\: look at nothing here]' \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FILE:_files'
      ;;
    inspect)
      _arguments -s -S \
      '--python=[Interpreter that shall load it\: a path or a command]:PYTHON:_files' \
      '--no-environment[Only say what the file is, not whether it loads here]' \
      '*--gpu=[GPU that shall run it, in place of those that are here\: `9.0`, or `8.6\:550` with the version of its driver]:CAPABILITY[\:DRIVER]:' \
      '--json[Write one JSON object a line for each file]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:FILE:_files'
      ;;
    export)
      _arguments -s -S \
      '--request=[Build what a captured request says, as Python code wrote it (for programs); - for standard input]:FILE:_files' \
      '*-e+[Only this extension of the project]:NAME:' \
      '*--extension=[Only this extension of the project]:NAME:' \
      '--name=[Name of the module, dots making packages\: my_pkg._C]:NAME:' \
      '--kind=[What is made\: python-module (import it), torch-library (torch.ops.load_library) or executable]:KIND:(python-module torch-library executable)' \
      '--out=[Folder in which the result appears]:DIR:_files -/' \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '*--setup-arg=[Word for setup.py, after build_ext --inplace\: --setup-arg=--cuda_ext]:WORD:' \
      '*--arch=[GPU architectures, as in TORCH_CUDA_ARCH_LIST\: 8.0, 9.0a, 12.0+PTX, native]:LIST:' \
      '--cuda-graph=[Run nvcc'\''s phases by themselves where they are understood (auto), or whole commands (off)]:WHEN:(auto off)' \
      '--provenance=[Whether the built file says with which torch, Python, CUDA and compiler it was built]:WHETHER:(on off)' \
      '--profile=[Set of flags to begin with\: release, debug, release-with-debug or none]:PROFILE:(release debug release-with-debug none)' \
      '--std=[C++ standard\: 17, 20, …]:STANDARD:' \
      '*-D+[Define a macro]:NAME[=VALUE]:' \
      '*--define=[Define a macro]:NAME[=VALUE]:' \
      '*-U+[Take a macro back]:NAME:' \
      '*--undefine=[Take a macro back]:NAME:' \
      '*-I+[Look for headers here first]:DIR:_files -/' \
      '*--include-dir=[Look for headers here first]:DIR:_files -/' \
      '*-L+[Look for libraries here first]:DIR:_files -/' \
      '*--library-dir=[Look for libraries here first]:DIR:_files -/' \
      '*-l+[Link with this library]:NAME:' \
      '*--library=[Link with this library]:NAME:' \
      '*--cxx-flag=[Flag for the C++ compiler, after all others]:FLAG:' \
      '*--nvcc-flag=[Flag for nvcc, after all others]:FLAG:' \
      '*--hipcc-flag=[Flag for hipcc, after all others]:FLAG:' \
      '*--sycl-flag=[Flag for the SYCL compiler, after all others]:FLAG:' \
      '*--link-flag=[Word for the link command, at its end]:FLAG:' \
      '--packages-at=[Where an installed program finds Python'\''s packages, torch among them, as a run path\: $ORIGIN/…]:DIR:' \
      '-f+[Write to this file]:FILE:_files' \
      '--file=[Write to this file]:FILE:_files' \
      '--force[Replace the file even if retorch did not write it]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FORMAT:((sh\:"a shell script with every command" make\:"a makefile for GNU make" ninja\:"a build.ninja" cmake\:"a CMakeLists.txt" compile-commands\:"compile_commands.json for editors and clang tools"))' \
      '*:PATH:_files'
      ;;
    cache)
      _arguments -s -S \
      '--max-size=[For gc\: how much may stay\: 10G, 500M]:SIZE:' \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:ACTION:((stats\:"how much is stored, and where" gc\:"remove what was not used for longest, down to the limit" clear\:"remove everything" verify\:"read everything, remove what is damaged"))'
      ;;
    clean)
      _arguments -s -S \
      '--dry-run[Only list what would be removed]' \
      '--request=[Build what a captured request says, as Python code wrote it (for programs); - for standard input]:FILE:_files' \
      '*-e+[Only this extension of the project]:NAME:' \
      '*--extension=[Only this extension of the project]:NAME:' \
      '--name=[Name of the module, dots making packages\: my_pkg._C]:NAME:' \
      '--kind=[What is made\: python-module (import it), torch-library (torch.ops.load_library) or executable]:KIND:(python-module torch-library executable)' \
      '--out=[Folder in which the result appears]:DIR:_files -/' \
      '--python=[Interpreter to build for\: a path or a command]:PYTHON:_files' \
      '*--setup-arg=[Word for setup.py, after build_ext --inplace\: --setup-arg=--cuda_ext]:WORD:' \
      '*--arch=[GPU architectures, as in TORCH_CUDA_ARCH_LIST\: 8.0, 9.0a, 12.0+PTX, native]:LIST:' \
      '--cuda-graph=[Run nvcc'\''s phases by themselves where they are understood (auto), or whole commands (off)]:WHEN:(auto off)' \
      '--provenance=[Whether the built file says with which torch, Python, CUDA and compiler it was built]:WHETHER:(on off)' \
      '--profile=[Set of flags to begin with\: release, debug, release-with-debug or none]:PROFILE:(release debug release-with-debug none)' \
      '--std=[C++ standard\: 17, 20, …]:STANDARD:' \
      '*-D+[Define a macro]:NAME[=VALUE]:' \
      '*--define=[Define a macro]:NAME[=VALUE]:' \
      '*-U+[Take a macro back]:NAME:' \
      '*--undefine=[Take a macro back]:NAME:' \
      '*-I+[Look for headers here first]:DIR:_files -/' \
      '*--include-dir=[Look for headers here first]:DIR:_files -/' \
      '*-L+[Look for libraries here first]:DIR:_files -/' \
      '*--library-dir=[Look for libraries here first]:DIR:_files -/' \
      '*-l+[Link with this library]:NAME:' \
      '*--library=[Link with this library]:NAME:' \
      '*--cxx-flag=[Flag for the C++ compiler, after all others]:FLAG:' \
      '*--nvcc-flag=[Flag for nvcc, after all others]:FLAG:' \
      '*--hipcc-flag=[Flag for hipcc, after all others]:FLAG:' \
      '*--sycl-flag=[Flag for the SYCL compiler, after all others]:FLAG:' \
      '*--link-flag=[Word for the link command, at its end]:FLAG:' \
      '--packages-at=[Where an installed program finds Python'\''s packages, torch among them, as a run path\: $ORIGIN/…]:DIR:' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '*:PATH:_files'
      ;;
    init)
      _arguments -s -S \
      '--name=[Name of the module, dots making packages\: my_pkg._C]:NAME:' \
      '--kind=[What is made\: python-module (import it), torch-library (torch.ops.load_library) or executable]:KIND:(python-module torch-library executable)' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:FOLDER:_files -/'
      ;;
    completions)
      _arguments -s -S \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]' \
      '1:SHELL:((bash\:"add `eval $(retorch completions bash)` to ~/.bashrc" zsh\:"save it as `_retorch` in a folder of `$fpath`" fish\:"save it as ~/.config/fish/completions/retorch.fish"))'
      ;;
    version)
      _arguments -s -S \
      '--json[Write JSON to standard output]' \
      '--color=[When to use colour]:WHEN:(auto always never)' \
      '-v[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '--verbose[Say more\: commands as they start, warnings of actions that were not run again, where bugs came from]' \
      '-q[Say nothing but errors and the result]' \
      '--quiet[Say nothing but errors and the result]' \
      '-h[Show this help]' \
      '--help[Show this help]'
      ;;
  esac
}
if [ "$funcstack[1]" = "_retorch" ]; then _retorch "$@"; else compdef _retorch retorch; fi
