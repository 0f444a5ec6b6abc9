/* page.h - the dashboard: one page, gzipped, as server/http/page/build.py made
 * it of the sources in server/http/page/.
 *
 * Layer: server/http.  Thread: any; constants.  Lives as long as the program.
 */
#ifndef FW_HTTP_PAGE_H
#define FW_HTTP_PAGE_H

#include <stddef.h>

extern const unsigned char fw_page_gz[]; /* text/html; charset=utf-8, gzip */
extern const size_t fw_page_gz_len;      /* bytes of it */

/* Value of the Content-Security-Policy header the page must be sent with: it
 * names the page's own scripts and styles by hash and allows nothing else. */
extern const char fw_page_csp[];

#endif
