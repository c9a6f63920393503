using DepSync.Cli;
using DepSync.Config;
using DepSync.Reporting;

return await new CommandHost(ConfigPlace.OfProcess(), OutputOptions.ForProcess(), TimeProvider.System).InvokeAsync(args);
