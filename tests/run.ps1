# Passes the test suite on Windows; tests that need a Unix machine are skipped there. Arguments go on to `dotnet test`.
Set-Location (Join-Path $PSScriptRoot '..')
dotnet test DepSync.sln --nologo @args
exit $LASTEXITCODE
