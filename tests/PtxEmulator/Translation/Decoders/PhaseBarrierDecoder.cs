namespace PtxEmulator;

/// <summary><c>mbarrier</c>.</summary>
static class PhaseBarrierDecoder
{
    public static void Add(Dictionary<string, Func<Form, Operation>> table) => table["mbarrier"] = Decode;

    static Operation Decode(Form form)
    {
        string? kind = form.TakeAny("init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count", "expect_tx", "complete_tx");
        bool expects = kind is "arrive" or "arrive_drop" && form.Take("expect_tx");
        bool parity = form.Take("parity");
        form.Take("noComplete");
        form.TakeAny("acquire", "release", "relaxed");
        form.TakeAny("cta", "cluster");
        StateSpace space = form.TakeAny("shared", "shared::cta", "shared::cluster") is null ? StateSpace.Generic : StateSpace.Shared;
        form.Demand("b64");
        switch (kind)
        {
            case "init":
                form.DemandOperands(2);
                return new PhaseBarrierOperation(PhaseBarrierAction.Initialize, -1, form.Address(form.At(0), space), form.Read(1, PtxType.U32));
            case "inval":
                form.DemandOperands(1);
                return new PhaseBarrierOperation(PhaseBarrierAction.Invalidate, -1, form.Address(form.At(0), space), null);
            case "expect_tx" or "complete_tx":
                form.DemandOperands(2);
                PhaseBarrierAction bytes = kind == "expect_tx" ? PhaseBarrierAction.ExpectBytes : PhaseBarrierAction.CompleteBytes;
                return new PhaseBarrierOperation(bytes, -1, form.Address(form.At(0), space), form.Read(1, PtxType.U32));
            case "pending_count":
                return new Narrow(form.Write(0, PtxType.U32), form.Read(1, PtxType.B64));
            case "test_wait" or "try_wait":
                return Wait(form, kind, space, parity);
            case "arrive_drop" when !expects:
                return Arrive(form, PhaseBarrierAction.ArriveAndDrop, space);
            case "arrive":
                return Arrive(form, expects ? PhaseBarrierAction.ArriveAndExpect : PhaseBarrierAction.Arrive, space);
            default:
                throw form.Unknown("of this kind");
        }
    }

    static Operation Arrive(Form form, PhaseBarrierAction action, StateSpace space)
    {
        form.DemandOperands(action == PhaseBarrierAction.ArriveAndExpect ? 3 : 2, 3);
        int d = form.At(0) is SinkOperand ? -1 : form.Write(0, PtxType.B64);
        Slot? count = form.Operands.Length > 2 ? form.Read(2, PtxType.U32) : null;
        return new PhaseBarrierOperation(action, d, form.Address(form.At(1), space), count);
    }

    static Operation Wait(Form form, string kind, StateSpace space, bool parity)
    {
        form.DemandOperands(3, kind == "try_wait" ? 4 : 3);
        if (form.Operands.Length > 3)
        {
            form.Read(3, PtxType.U32);
        }

        return new PhaseBarrierTest(form.WritePredicate(form.At(0)), form.Address(form.At(1), space), form.Read(2, parity ? PtxType.U32 : PtxType.B64), parity);
    }
}
