#ifndef TUNE_H
#define TUNE_H
#include <stdlib.h>
static inline double tune_get(const char *n, double d) { const char *v = getenv(n); return v ? atof(v) : d; }
#define TUNE(name, def) __extension__({ static double v_; static int s_; if (!s_) { v_ = tune_get(#name, def); s_ = 1; } v_; })
#endif
