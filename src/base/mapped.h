/* mapped.h: what happens when a mapped file cannot be read.
 *
 * Files of the store are mapped. When the device fails to deliver one of their pages, or the file
 * was cut by somebody else, the kernel has no error to return: it sends SIGBUS to the thread that
 * touched the page. That thread cannot go on, and what it held cannot be released, so the process
 * ends; nothing acknowledged is lost by that. What can be done is to say which file it was.
 */
#ifndef ZD_BASE_MAPPED_H
#define ZD_BASE_MAPPED_H

/* From now on a mapped page that cannot be read ends the process with a line on standard error that
 * names the file. Call once, before other threads start. */
void zd_mapped_name_failures(void);

#endif
