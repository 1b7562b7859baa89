/* Draws a network as an SVG picture. */
#ifndef AC_CLI_DRAW_NET_H
#define AC_CLI_DRAW_NET_H

#include "cli/layers.h"

/* Writes the drawing to `path`, whole or not at all. title: what the network is called; any bytes.
 */
ac_status ac_draw_net(const ac_layers *layers, const char *title, const char *path,
                      const ac_log *log);

#endif
