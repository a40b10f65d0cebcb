# Unicode decomposition and case folding for string search (fold.c).
find_library(ZD_LIB_UTF8PROC utf8proc REQUIRED)
list(APPEND M_LIBS ${ZD_LIB_UTF8PROC})
# Distances on the earth (near.c).
list(APPEND M_LIBS m)
