// glibc's own count of what is allocated, which Swift's Glibc module leaves out.
#include_next <malloc.h>
