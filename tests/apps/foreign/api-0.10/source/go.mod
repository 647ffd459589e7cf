module foreign/sums

go 1.19
