// The other end of these tests: .NET's own NegotiateStream, doing as it is told.
//
// One process serves many tests. Each line of standard input is a request, a JSON object with "id", "do" and what that
// needs; each line of standard output answers one of them, in the order in which they are done:
//
//     about                                    the runtime's version
//     listen                                   a listener's number and port
//     accept   listener, level, impersonation  the next client, authenticated, with the stream's number and properties
//     connect  port, spn, level, impersonation the same as a client; user, password, domain in place of the cache
//     write    stream, size, seed, piece       write the pattern of that seed, so many bytes a call
//     read     stream, size, seed, piece       read until so many bytes or the end have come, and compare
//     cancel   stream, milliseconds            read, and cancel that after so long
//     echo     stream                          write back what comes until the end
//     shutdown stream                          shut the socket's sending side down
//     close    stream, reset                   dispose of the stream; with reset the connection is reset
//
// A request that throws is answered with the exception: "error" is its type, "message" its text, "inner" the types
// beneath it. Keys come from KRB5_KTNAME and tickets from KRB5CCNAME: GSSAPI reads these, .NET has no say in it.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Principal;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

sealed class Answer : Dictionary<string, object> { }

sealed class Connection
{
    public readonly TcpClient Tcp;
    public readonly NegotiateStream Stream;

    public Connection(TcpClient tcp)
    {
        tcp.NoDelay = true;
        Tcp = tcp;
        Stream = new NegotiateStream(tcp.GetStream(), leaveInnerStreamOpen: false);
    }

    public void Describe(Answer answer)
    {
        answer["authenticated"] = Stream.IsAuthenticated;
        answer["encrypted"] = Stream.IsEncrypted;
        answer["signed"] = Stream.IsSigned;
        answer["mutual"] = Stream.IsMutuallyAuthenticated;
        answer["server"] = Stream.IsServer;
        answer["impersonation"] = Stream.ImpersonationLevel.ToString();
        answer["remote"] = Stream.RemoteIdentity.Name;
        answer["mechanism"] = Stream.RemoteIdentity.AuthenticationType;
    }
}

sealed class Request
{
    readonly JsonElement json;

    public Request(string line) { json = JsonDocument.Parse(line).RootElement; }

    public string Text(string name, string otherwise = null)
    {
        JsonElement value;
        return json.TryGetProperty(name, out value) ? value.GetString() : otherwise;
    }

    public int Number(string name, int otherwise = 0)
    {
        JsonElement value;
        return json.TryGetProperty(name, out value) ? value.GetInt32() : otherwise;
    }

    public ProtectionLevel Level
    {
        get { return (ProtectionLevel)Enum.Parse(typeof(ProtectionLevel), Text("level", "EncryptAndSign")); }
    }

    public TokenImpersonationLevel Impersonation
    {
        get
        {
            return (TokenImpersonationLevel)Enum.Parse(
                typeof(TokenImpersonationLevel), Text("impersonation", "Identification"));
        }
    }

    public NetworkCredential Credential
    {
        get
        {
            string user = Text("user");
            return user == null
                ? CredentialCache.DefaultNetworkCredentials
                : new NetworkCredential(user, Text("password"), Text("domain"));
        }
    }
}

// Bytes that both ends can make: a block that is no multiple of any frame, again and again.
sealed class Pattern
{
    const int Period = 65521;
    readonly byte[] block = new byte[Period];

    public Pattern(int seed)
    {
        for (int i = 0; i < Period; i++) block[i] = (byte)((long)i * (i + seed) >> 3);
    }

    public void Fill(byte[] buffer, int count, long position)
    {
        for (int i = 0; i < count; i++) buffer[i] = block[(position + i) % Period];
    }

    public bool Fits(byte[] buffer, int count, long position)
    {
        for (int i = 0; i < count; i++) if (buffer[i] != block[(position + i) % Period]) return false;
        return true;
    }
}

static class Peer
{
    static readonly ConcurrentDictionary<int, TcpListener> listeners = new ConcurrentDictionary<int, TcpListener>();
    static readonly ConcurrentDictionary<int, Connection> connections = new ConcurrentDictionary<int, Connection>();
    static int last;

    static int Main(string[] switches)
    {
        foreach (string name in switches) AppContext.SetSwitch(name, true);
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            var request = new Request(line);
            Task.Run(() => Serve(request));
        }
        return 0;
    }

    static async Task Serve(Request request)
    {
        var answer = new Answer { ["id"] = request.Number("id") };
        try { await Do(request, answer); }
        catch (Exception error) { Report(error, answer); }
        lock (listeners)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize<Dictionary<string, object>>(answer));
            Console.Out.Flush();
        }
    }

    static Task Do(Request request, Answer answer)
    {
        switch (request.Text("do"))
        {
            case "about": return About(answer);
            case "listen": return Listen(answer);
            case "accept": return Accept(request, answer);
            case "connect": return Connect(request, answer);
            case "write": return Write(request, answer);
            case "read": return Read(request, answer);
            case "cancel": return Cancel(request, answer);
            case "echo": return Echo(request, answer);
            case "shutdown": return Shutdown(request);
            case "close": return Close(request);
            default: throw new ArgumentException("unknown request " + request.Text("do"));
        }
    }

    static void Report(Exception error, Answer answer)
    {
        answer["error"] = error.GetType().Name;
        answer["message"] = error.Message;
        var inner = new List<string>();
        for (var e = error.InnerException; e != null; e = e.InnerException) inner.Add(e.GetType().Name + ": " + e.Message);
        answer["inner"] = inner;
    }

    static Task About(Answer answer)
    {
        answer["version"] = Environment.Version.ToString();
        return Task.CompletedTask;
    }

    // --- connections ---------------------------------------------------------------------------------------------

    static Task Listen(Answer answer)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(100);
        int number = Interlocked.Increment(ref last);
        listeners[number] = listener;
        answer["listener"] = number;
        answer["port"] = ((IPEndPoint)listener.LocalEndpoint).Port;
        return Task.CompletedTask;
    }

    static async Task Accept(Request request, Answer answer)
    {
        var connection = new Connection(await listeners[request.Number("listener")].AcceptTcpClientAsync());
        await Authenticated(connection, answer, () => connection.Stream.AuthenticateAsServerAsync(
            CredentialCache.DefaultNetworkCredentials, request.Level, request.Impersonation));
    }

    static async Task Connect(Request request, Answer answer)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, request.Number("port"));
        var connection = new Connection(tcp);
        await Authenticated(connection, answer, () => connection.Stream.AuthenticateAsClientAsync(
            request.Credential, request.Text("spn"), request.Level, request.Impersonation));
    }

    static async Task Authenticated(Connection connection, Answer answer, Func<Task> handshake)
    {
        try { await handshake(); }
        catch { connection.Stream.Dispose(); throw; }
        int number = Interlocked.Increment(ref last);
        connections[number] = connection;
        answer["stream"] = number;
        connection.Describe(answer);
    }

    static Task Shutdown(Request request)
    {
        Find(request).Tcp.Client.Shutdown(SocketShutdown.Send);
        return Task.CompletedTask;
    }

    static Task Close(Request request)
    {
        Connection connection;
        if (!connections.TryRemove(request.Number("stream"), out connection)) return Task.CompletedTask;
        if (request.Number("reset") == 1) connection.Tcp.Client.Close(0);
        connection.Stream.Dispose();
        return Task.CompletedTask;
    }

    static Connection Find(Request request) { return connections[request.Number("stream")]; }

    // --- data ----------------------------------------------------------------------------------------------------

    static async Task Write(Request request, Answer answer)
    {
        var stream = Find(request).Stream;
        var pattern = new Pattern(request.Number("seed"));
        long size = request.Number("size"), done = 0;
        var buffer = new byte[Math.Max(1, request.Number("piece", (int)size))];
        do
        {
            int count = (int)Math.Min(buffer.Length, size - done);
            pattern.Fill(buffer, count, done);
            await stream.WriteAsync(buffer, 0, count);
            done += count;
        } while (done < size);
        answer["count"] = done;
    }

    static async Task Read(Request request, Answer answer)
    {
        var stream = Find(request).Stream;
        var pattern = new Pattern(request.Number("seed"));
        var buffer = new byte[request.Number("piece", 65536)];
        long size = request.Number("size"), done = 0;
        bool same = true, ended = false;
        answer["count"] = done;
        while (done < size && !ended)
        {
            int wanted = (int)Math.Min(buffer.Length, size - done);
            int count = request.Number("sync") == 1
                ? stream.Read(buffer, 0, wanted)
                : await stream.ReadAsync(buffer, 0, wanted);
            same &= pattern.Fits(buffer, count, done);
            done += count;
            ended = count == 0;
            answer["count"] = done;
        }
        answer["same"] = same;
        answer["ended"] = ended;
    }

    static async Task Cancel(Request request, Answer answer)
    {
        var stream = Find(request).Stream;
        var buffer = new byte[65536];
        using (var source = new CancellationTokenSource(request.Number("milliseconds")))
        {
            var reading = stream.ReadAsync(buffer, 0, buffer.Length, source.Token);
            var ended = await Task.WhenAny(reading, Task.Delay(5 * request.Number("milliseconds")));
            answer["heeded"] = ended == reading;
            if (ended == reading) answer["count"] = await reading;
        }
    }

    static async Task Echo(Request request, Answer answer)
    {
        var stream = Find(request).Stream;
        var buffer = new byte[65536];
        long done = 0;
        for (int count; (count = await stream.ReadAsync(buffer, 0, buffer.Length)) > 0; done += count)
        {
            await stream.WriteAsync(buffer, 0, count);
            answer["count"] = done + count;
        }
        answer["count"] = done;
    }
}
