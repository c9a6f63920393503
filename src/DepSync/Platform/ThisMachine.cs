using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace DepSync.Platform;

/// <summary>Whether a host is this machine under another name.</summary>
internal static class ThisMachine
{
    /// <summary>True when one of the host's addresses is a loopback address or one of this machine's. False when that cannot be found out.</summary>
    public static async Task<bool> IsAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return Array.Exists(addresses, IPAddress.IsLoopback) || Own().Any(own => addresses.Contains(own));
        }
        catch (Exception e) when (e is SocketException or NetworkInformationException or ArgumentException)
        {
            return false;
        }
    }

    private static IEnumerable<IPAddress> Own() =>
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(address => address.Address);
}
