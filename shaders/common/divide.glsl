// a / b for a >= 0, b > 0, where the quotient is below 2^22: in floats, since drivers divide
// integers lane by lane or in dozens of instructions. The estimate is wrong by one at most.
int divide(int a, int b)
{
    int q = int(float(a) / float(b)), rest = a - q * b;
    return q + int(rest >= b) - int(rest < 0);
}
