using BenchmarkDotNet.Attributes;
using DepSync.Sftp;

namespace DepSync.Benchmarks;

/// <summary>One small file's requests, written and read again.</summary>
[InProcess, MemoryDiagnoser]
public class SftpCodecBenchmarks
{
    private readonly SftpPacketWriter _writer = new();
    private readonly byte[] _path = "/srv/deployment/.depsync/run-12/new/unit-17/service-4711.xml"u8.ToArray();
    private readonly byte[] _status = [.. new byte[] { 0, 0, 0, 0 }, 0, 0, 0, 7, .. "Success"u8, 0, 0, 0, 0];

    [Benchmark]
    public int WriteOpen()
    {
        _writer.Start(SftpPacketType.Open).String(_path).UInt32((uint)(SftpOpenFlags.Write | SftpOpenFlags.Create)).Attributes(new SftpAttributes(Permissions: 0x180));
        _writer.Finish(0);
        return _writer.Bytes.Length;
    }

    [Benchmark]
    public bool ReadStatus()
    {
        var reader = new SftpPacketReader(_status);
        return SftpReply.Decode(SftpExpected.Status, SftpPacketType.Status, ref reader, default).Status == SftpStatus.Ok;
    }
}
