// The ring of the last frames as the kernels of the temporal stage see it: of each of p.slots frames
// L*, a and b, one after another, [h][row] vec4 of four neighbouring pixels; 0 beyond the picture.
struct ring_frame { // filled by the host before each frame
    int position; // of this frame in the ring
    int before;   // frames before it that the ring holds
};

// Where the frame begins that came `back` frames before the one at `position`; back <= p.slots.
#define ring_slot(position, back) (((position) + p.slots - (back)) % p.slots * 3 * p.h * p.row)
