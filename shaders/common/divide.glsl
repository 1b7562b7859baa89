// int(x) of a float is done lane by lane by drivers that run on the processor, with a branch or two
// for what does not fit into an int. Added to 1.5 * 2^23, a whole number lies in the last bits.
// x: a whole number of -2^22 to 2^22; others are rounded.
int whole(float x)
{
    return floatBitsToInt(x + 12582912.0) - 0x4B400000;
}

// a / b for a >= 0, b > 0, where the quotient is below 2^22: in floats, since drivers divide
// integers lane by lane or in dozens of instructions. The estimate is wrong by one at most.
int divide(int a, int b)
{
    int q = whole(float(a) / float(b)), rest = a - q * b;
    return q + int(rest >= b) - int(rest < 0);
}
