namespace Octet.Numerics;

/// <summary>Work on spans that is written once for every width of <see cref="ILanes{TVector}"/>.</summary>
interface ILaneLoop
{
    void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>;
}
