#!/bin/sh
# Every command of this build, written by retorch 1.2.3.
set -e

export NVCC_APPEND_FLAGS='-lineinfo -g'
cd /home/me/project
mkdir -p .retorch/obj/my_ops/csrc .retorch/out/my_ops pkg
rm -f .retorch/obj/my_ops/csrc/a.cpp.o .retorch/obj/my_ops/csrc/a.cpp.o.d .retorch/obj/my_ops/csrc/b.cpp.o .retorch/obj/my_ops/csrc/b.cpp.o.d .retorch/obj/my_ops/csrc/k.cu.o .retorch/obj/my_ops/csrc/k.cu.o.d .retorch/out/my_ops/my_ops.so

# [1/4] compile csrc/a.cpp
ccache /usr/bin/g++ -O3 -std=c++20 -ffile-prefix-map=/home/me/project=. -ffile-prefix-map=/opt/venv/lib/python3.12/site-packages/torch=torch -DTORCH_EXTENSION_NAME=my_ops -Icsrc -isystem /opt/venv/lib/python3.12/site-packages/torch/include -MD -MF .retorch/obj/my_ops/csrc/a.cpp.o.d -c csrc/a.cpp -o .retorch/obj/my_ops/csrc/a.cpp.o

# [2/4] compile csrc/b.cpp
ccache /usr/bin/g++ -O3 -std=c++20 -ffile-prefix-map=/home/me/project=. -ffile-prefix-map=/opt/venv/lib/python3.12/site-packages/torch=torch -DTORCH_EXTENSION_NAME=my_ops -Icsrc -isystem /opt/venv/lib/python3.12/site-packages/torch/include -O1 '-DPER_FILE=it'\''s' -MD -MF .retorch/obj/my_ops/csrc/b.cpp.o.d -c csrc/b.cpp -o .retorch/obj/my_ops/csrc/b.cpp.o

# [3/4] compile csrc/k.cu
/usr/local/cuda/bin/nvcc -gencode arch=compute_90,code=sm_90 -Xcompiler -fPIC -ccbin /usr/bin/g++ -MD -MF .retorch/obj/my_ops/csrc/k.cu.o.d -c csrc/k.cu -o .retorch/obj/my_ops/csrc/k.cu.o

# [4/4] link my_ops.so
LANG=C /usr/bin/g++ -shared -o .retorch/out/my_ops/my_ops.so .retorch/obj/my_ops/csrc/a.cpp.o .retorch/obj/my_ops/csrc/b.cpp.o .retorch/obj/my_ops/csrc/k.cu.o -L/opt/venv/lib/python3.12/site-packages/torch/lib -lc10 -ltorch '-Wl,-rpath,$ORIGIN'

# publish my_ops
cp .retorch/out/my_ops/my_ops.so pkg/my_ops.so.tmp
mv -f pkg/my_ops.so.tmp pkg/my_ops.so
