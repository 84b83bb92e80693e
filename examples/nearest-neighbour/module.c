/* The Python module: empty, importing it registers the operators. Limited API only, so one file serves every CPython. */
#include <Python.h>

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "nearest_neighbour",
    .m_doc = "Registers torch.ops.nearest_neighbour",
    .m_size = 0,
};

PyMODINIT_FUNC PyInit_nearest_neighbour(void) { return PyModuleDef_Init(&definition); }
