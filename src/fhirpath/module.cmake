# Cases of letters and classes of characters (text.c, regex.c).
find_library(ZD_LIB_UTF8PROC utf8proc REQUIRED)
list(APPEND M_LIBS ${ZD_LIB_UTF8PROC})
# Roots, powers and logarithms (math.c).
list(APPEND M_LIBS m)
