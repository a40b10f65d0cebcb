# llhttp comes as C sources (Debian: node-llhttp). Strict mode: a URL or a line end that is not what
# RFC 9112 says is refused. Its files are not ours to style: warnings off, for them alone.
set_source_files_properties(${all} PROPERTIES
  COMPILE_OPTIONS "-isystem/usr/share/include" COMPILE_DEFINITIONS LLHTTP_STRICT_MODE=1)
set(llhttp_dir /usr/share/llhttp)
set(llhttp ${llhttp_dir}/api.c ${llhttp_dir}/http.c ${llhttp_dir}/llhttp.c)
list(APPEND sources ${llhttp})
set_source_files_properties(${llhttp} PROPERTIES
  COMPILE_OPTIONS "-w;-I/usr/share/include/llhttp" COMPILE_DEFINITIONS LLHTTP_STRICT_MODE=1)
