// The ring of the last frames as frame_difference.comp and temporal.comp see it; filled before each
// frame by the host.
struct ring_frame {
    int position; // of this frame in the ring
    int before;   // frames before it that the ring holds
};
