namespace DepSync.Tests.Release;

/// <summary>
/// All that runs of the model can do in any order, or in all orders in which they take turns only so often: the states that come of it, and the steps between them. It has no
/// cycles. Immutable.
/// </summary>
internal sealed class FencingGraph
{
    private readonly List<FencingState> _states = [];
    private readonly List<Edge> _edges = [];
    private readonly List<List<int>> _out = [];
    private readonly List<int> _arrival = [];

    /// <summary>A state behind all states that can be reached from it.</summary>
    private readonly List<int> _order = [];

    private FencingGraph()
    {
    }

    public int States => _states.Count;

    public int Steps => _edges.Count;

    /// <param name="runs">Which of the three.</param>
    /// <param name="turns">How often another run goes on although the one before it has not ended; null: whenever it can.</param>
    public static FencingGraph Of(FencingModel model, int[] runs, int? turns)
    {
        var graph = new FencingGraph();
        var found = new Dictionary<Node, int>();
        var nodes = new List<Node>();
        graph.Add(found, nodes, new Node(FencingModel.Start, 0, 0), -1);
        for (var from = 0; from < nodes.Count; from++)
        {
            var node = nodes[from];
            foreach (var run in runs)
            {
                var isTurn = node.Last != 0 && node.Last != run && !node.State.Of(node.Last).HasEnded;
                var turn = turns is null ? 0 : node.Turns + (isTurn ? 1 : 0);
                for (var action = 0; action < FencingSpec.Actions.Count && turn <= (turns ?? 0); action++)
                {
                    if (FencingSpec.Actions[action].CanDo(model, node.State, run))
                    {
                        var next = new Node(FencingSpec.Actions[action].Do(model, node.State, run), turns is null ? 0 : run, turn);
                        var edge = graph._edges.Count;
                        graph._out[from].Add(edge);
                        graph._edges.Add(new Edge(from, graph.Add(found, nodes, next, edge), action, run));
                    }
                }
            }
        }
        graph.Sort();
        return graph;
    }

    /// <summary>Walks from the start that go every step at least once: each goes as many as it can that none before it went.</summary>
    public IEnumerable<IReadOnlyList<FencingMove>> Walks()
    {
        var isGone = new bool[_edges.Count];
        var (ahead, choice) = (new int[_states.Count], new int[_states.Count]);
        while (true)
        {
            foreach (var state in _order)
            {
                (ahead[state], choice[state]) = (0, -1);
                foreach (var edge in _out[state])
                {
                    var news = ahead[_edges[edge].To] + (isGone[edge] ? 0 : 1);
                    if (news > ahead[state])
                    {
                        (ahead[state], choice[state]) = (news, edge);
                    }
                }
            }
            var walk = new List<FencingMove>();
            for (var state = 0; choice[state] >= 0; state = _edges[choice[state]].To)
            {
                isGone[choice[state]] = true;
                walk.Add(MoveOf(choice[state]));
            }
            if (walk.Count == 0)
            {
                yield break;
            }
            yield return walk;
        }
    }

    /// <summary>A shortest walk that ends with that step.</summary>
    public IReadOnlyList<FencingMove> ShortestTo(FencingMove move)
    {
        var walk = new List<FencingMove>();
        for (var edge = _edges.FindIndex(edge => MoveOf(edge) == move); edge >= 0; edge = _arrival[_edges[edge].From])
        {
            walk.Insert(0, MoveOf(edge));
        }
        return walk;
    }

    private FencingMove MoveOf(int edge) => MoveOf(_edges[edge]);

    private FencingMove MoveOf(Edge edge) => new(FencingSpec.Actions[edge.Action], edge.Run, _states[edge.From], _states[edge.To]);

    private int Add(Dictionary<Node, int> found, List<Node> nodes, Node node, int arrival)
    {
        if (found.TryGetValue(node, out var index))
        {
            return index;
        }
        found.Add(node, nodes.Count);
        nodes.Add(node);
        _states.Add(node.State);
        _out.Add([]);
        _arrival.Add(arrival);
        return nodes.Count - 1;
    }

    private void Sort()
    {
        var next = new int[_states.Count];
        var path = new Stack<int>([0]);
        var isFound = new bool[_states.Count];
        isFound[0] = true;
        while (path.TryPeek(out var state))
        {
            if (next[state] == _out[state].Count)
            {
                _order.Add(path.Pop());
                continue;
            }
            var to = _edges[_out[state][next[state]++]].To;
            if (!isFound[to])
            {
                isFound[to] = true;
                path.Push(to);
            }
        }
    }

    private readonly record struct Node(FencingState State, int Last, int Turns);

    private readonly record struct Edge(int From, int To, int Action, int Run);
}
