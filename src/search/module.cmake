# Unicode decomposition and case folding for string search (fold.c).
find_library(ZD_LIB_UTF8PROC utf8proc REQUIRED)
list(APPEND M_LIBS ${ZD_LIB_UTF8PROC})
# Stems of words (text_words.c).
find_library(ZD_LIB_STEMMER stemmer REQUIRED)
list(APPEND M_LIBS ${ZD_LIB_STEMMER})
# Distances on the earth (near.c).
list(APPEND M_LIBS m)
