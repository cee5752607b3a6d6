// .NET's NegotiateStream as a peer of the benchmarks: a server or a client that speaks the same lines and does the same
// work as asyncauth's own processes (_server.py, _client.py, and _common.py for what goes over the connections).
//
// The first line of standard input is the settings, each further one an order or a question, each line of standard
// output an answer. Keys come from KRB5_KTNAME and tickets from KRB5CCNAME: GSSAPI reads these, .NET has no say in it.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Principal;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

sealed class Answer : Dictionary<string, object> { }

static class DotNet
{
    public const int Large = 65536, Small = 256;
    public const byte Echo = 1, End = 255;

    static int Main(string[] arguments)
    {
        ThreadPool.SetMinThreads(16, 16);
        JsonElement settings = Parse(Console.In.ReadLine());
        if (arguments[0] == "server") new Server().Run();
        else new Client(settings.GetProperty("spn").GetString(), settings.GetProperty("port").GetInt32()).Run();
        return 0;
    }

    public static JsonElement Parse(string line) { return JsonDocument.Parse(line).RootElement; }

    public static void Say(Answer answer)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize<Dictionary<string, object>>(answer));
        Console.Out.Flush();
    }

    public static double Cpu() { return Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds; }

    public static void Check(NegotiateStream stream)
    {
        if (!stream.IsMutuallyAuthenticated || !stream.IsEncrypted || stream.RemoteIdentity.AuthenticationType != "Kerberos")
            throw new InvalidOperationException("a handshake reached less than it should");
    }

    public static NegotiateStream Over(TcpClient tcp)
    {
        tcp.NoDelay = true;
        return new NegotiateStream(tcp.GetStream(), leaveInnerStreamOpen: false);
    }
}

sealed class Server
{
    int handshakes;
    readonly List<string> failures = new List<string>();

    public void Run()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(200);
        DotNet.Say(new Answer { ["port"] = ((IPEndPoint)listener.LocalEndpoint).Port });
        Task.Run(() => Accept(listener));
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            JsonElement wanted;
            bool memory = DotNet.Parse(line).TryGetProperty("memory", out wanted);
            lock (failures) DotNet.Say(new Answer {
                ["handshakes"] = handshakes, ["failures"] = failures, ["cpu"] = DotNet.Cpu(),
                ["memory"] = memory ? Memory() : 0 });
        }
    }

    static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * 4096;
    }

    async Task Accept(TcpListener listener)
    {
        while (true)
        {
            TcpClient tcp = await listener.AcceptTcpClientAsync();
            _ = Task.Run(() => Serve(tcp));
        }
    }

    async Task Serve(TcpClient tcp)
    {
        bool established = false;
        try
        {
            using (NegotiateStream stream = DotNet.Over(tcp))
            {
                await stream.AuthenticateAsServerAsync(
                    CredentialCache.DefaultNetworkCredentials, ProtectionLevel.EncryptAndSign,
                    TokenImpersonationLevel.Identification);
                DotNet.Check(stream);
                established = true;
                Interlocked.Increment(ref handshakes);
                await Take(stream);
            }
        }
        catch (Exception error)
        {
            // once it is established, a client that fails says so itself
            if (!established) lock (failures) failures.Add(error.GetType().Name + ": " + error.Message);
        }
    }

    static async Task Take(NegotiateStream stream)
    {
        var buffer = new byte[4096];
        long size = 0;
        bool first = true, echoes = false;
        for (int count; (count = await stream.ReadAsync(buffer, 0, buffer.Length)) > 0; )
        {
            if (first) echoes = buffer[0] == DotNet.Echo;
            first = false;
            if (echoes) { await stream.WriteAsync(buffer, 0, count); continue; }
            size += count;
            if (buffer[count - 1] == DotNet.End) await stream.WriteAsync(Confirmation(size), 0, 8);
            if (count == buffer.Length && count < DotNet.Large) Array.Resize(ref buffer, DotNet.Large);
        }
    }

    static byte[] Confirmation(long size)
    {
        byte[] bytes = BitConverter.GetBytes(size);
        Array.Reverse(bytes);
        return bytes;
    }
}

sealed class Client
{
    readonly string spn;
    readonly int port;

    public Client(string spn, int port)
    {
        this.spn = spn;
        this.port = port;
    }

    public void Run()
    {
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            Answer answer;
            try { answer = Obey(DotNet.Parse(line)); }
            catch (Exception error)
            {
                Exception inner = error.GetBaseException();
                answer = new Answer { ["error"] = inner.GetType().Name + ": " + inner.Message };
            }
            DotNet.Say(answer);
        }
    }

    Answer Obey(JsonElement order)
    {
        string measure = order.GetProperty("measure").GetString();
        double seconds = order.GetProperty("seconds").GetDouble(), cpu = DotNet.Cpu();
        var clock = new Stopwatch();
        long count = Work(measure, seconds, order, clock).GetAwaiter().GetResult();
        return new Answer {
            ["count"] = count, ["seconds"] = clock.Elapsed.TotalSeconds, ["cpu"] = DotNet.Cpu() - cpu };
    }

    Task<long> Work(string measure, double seconds, JsonElement order, Stopwatch clock)
    {
        switch (measure)
        {
            case "handshake": return Handshakes(order.GetProperty("connections").GetInt32(), seconds, clock);
            case "throughput": return Send(DotNet.Large, seconds, clock);
            case "stream": return Send(DotNet.Small, seconds, clock);
            case "echo": return Echo(seconds, clock);
            case "idle": return Hold(order.GetProperty("connections").GetInt32(), clock);
            default: throw new ArgumentException("unknown measure " + measure);
        }
    }

    async Task<NegotiateStream> Connect()
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        NegotiateStream stream = DotNet.Over(tcp);
        await stream.AuthenticateAsClientAsync(
            CredentialCache.DefaultNetworkCredentials, spn, ProtectionLevel.EncryptAndSign,
            TokenImpersonationLevel.Identification);
        DotNet.Check(stream);
        return stream;
    }

    async Task<long> Handshakes(int connections, double seconds, Stopwatch clock)
    {
        clock.Start();
        Task<long>[] all = Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            long count = 0;
            do
            {
                using (await Connect()) { }
                count++;
            }
            while (clock.Elapsed.TotalSeconds < seconds);
            return count;
        })).ToArray();
        long[] counts = await Task.WhenAll(all);
        clock.Stop();
        return counts.Sum();
    }

    async Task<long> Send(int size, double seconds, Stopwatch clock)
    {
        using (NegotiateStream stream = await Connect())
        {
            var message = new byte[size];
            long count = 0;
            clock.Start();
            for (; clock.Elapsed.TotalSeconds < seconds; count++) await stream.WriteAsync(message, 0, size);
            message[size - 1] = DotNet.End;
            await stream.WriteAsync(message, 0, size);
            count++;
            var answer = new byte[8];
            await Fill(stream, answer);
            clock.Stop();
            Array.Reverse(answer);
            if (BitConverter.ToInt64(answer, 0) != count * size)
                throw new InvalidOperationException("the receiver confirms another number of bytes");
            return count;
        }
    }

    async Task<long> Echo(double seconds, Stopwatch clock)
    {
        using (NegotiateStream stream = await Connect())
        {
            byte[] message = Enumerable.Repeat(DotNet.Echo, DotNet.Small).ToArray(), answer = new byte[DotNet.Small];
            long count = 0;
            clock.Start();
            for (; clock.Elapsed.TotalSeconds < seconds; count++)
            {
                await stream.WriteAsync(message, 0, message.Length);
                await Fill(stream, answer);
            }
            clock.Stop();
            return count;
        }
    }

    async Task<long> Hold(int connections, Stopwatch clock)
    {
        var held = new List<NegotiateStream>();
        clock.Start();
        while (held.Count < connections)
        {
            int some = Math.Min(32, connections - held.Count);
            held.AddRange(await Task.WhenAll(Enumerable.Range(0, some).Select(_ => Connect())));
        }
        clock.Stop();
        DotNet.Say(new Answer { ["held"] = held.Count });
        Console.In.ReadLine();
        foreach (NegotiateStream stream in held) stream.Dispose();
        return connections;
    }

    static async Task Fill(NegotiateStream stream, byte[] buffer)
    {
        for (int done = 0, count; done < buffer.Length; done += count)
        {
            count = await stream.ReadAsync(buffer, done, buffer.Length - done);
            if (count == 0) throw new InvalidOperationException("the server has closed the connection");
        }
    }
}
