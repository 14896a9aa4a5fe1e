/*
 * A stand-in for the Windows library of this name, which Rust's standard library takes its random numbers from and
 * Wine 8 does not have. scripts/test-windows compiles it and puts it into the Wine prefix.
 */
#include <stddef.h>
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
